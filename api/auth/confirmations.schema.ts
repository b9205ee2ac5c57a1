import { builder } from '../builder.ts';

/** Of the argument with which a person proves anew that it is them. */
export const proofDescription = 'The viewer’s own; left out by who has just confirmed this with a passkey.';

export const ConfirmedActType = builder.enumType('ConfirmedAct', {
  description: 'What asks for the password, or for a passkey in its place.',
  values: {
    CHANGE_PASSWORD: { description: 'changePassword.' },
    MAKE_RECOVERY_CODE: { description: 'createRecoveryCode.' },
    SET_CODE_APP_UP: { description: 'beginCodeApp.' },
    SET_SECOND_FACTOR: { description: 'setSecondFactor, on or off.' },
    ADD_PASSKEY: { description: 'beginPasskey.' },
    REPLACE_IDENTITY: { description: 'registerDevice with replaceAccountKey.' },
    DELETE_ACCOUNT: { description: 'deleteAccount.' },
    REMOVE_PERSON: { description: 'removePerson.' },
  },
});
