import { useViewer } from '../auth/useViewer';
import { graphql } from '../gql';
import type { ConfirmedAct } from '../gql/graphql';
import { refusal } from '../lib/errors';
import { act } from '../request';

const beginPasskeyMutation = graphql(`
  mutation BeginPasskey($password: String) {
    beginPasskey(password: $password) {
      ticket
      options
    }
  }
`);

const addPasskeyMutation = graphql(`
  mutation AddPasskey($input: AddPasskeyInput!) {
    addPasskey(input: $input) {
      id
    }
  }
`);

const beginPasskeySignInMutation = graphql(`
  mutation BeginPasskeySignIn {
    beginPasskeySignIn {
      ticket
      options
    }
  }
`);

const signInWithPasskeyMutation = graphql(`
  mutation SignInWithPasskey($input: SignInWithPasskeyInput!) {
    signInWithPasskey(input: $input) {
      viewer {
        ...ViewerParts
      }
    }
  }
`);

const beginConfirmationMutation = graphql(`
  mutation BeginConfirmation($act: ConfirmedAct!) {
    beginConfirmation(act: $act) {
      ticket
      options
    }
  }
`);

const confirmWithPasskeyMutation = graphql(`
  mutation ConfirmWithPasskey($input: ConfirmWithPasskeyInput!) {
    confirmWithPasskey(input: $input)
  }
`);

/** Has the browser make a passkey, and adds it under that name. */
export async function addPasskey(password: string | undefined, name: string) {
  const { ticket, options } = (await act(beginPasskeyMutation, { password })).beginPasskey;
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(options));
  const response = JSON.stringify(await told(navigator.credentials.create({ publicKey })));
  await act(addPasskeyMutation, { input: { ticket, name, response } });
}

/** Signs in with whichever passkey the person picks in their browser. */
export async function signInWithPasskey() {
  const { ticket, options } = (await act(beginPasskeySignInMutation, {})).beginPasskeySignIn;
  const input = { ticket, response: await sign(options) };
  useViewer().enter((await act(signInWithPasskeyMutation, { input })).signInWithPasskey.viewer);
}

/** Confirms with a passkey what is done next in this session, in place of the password. */
export async function confirmWithPasskey(confirmed: ConfirmedAct) {
  const { ticket, options } = (await act(beginConfirmationMutation, { act: confirmed })).beginConfirmation;
  await act(confirmWithPasskeyMutation, { input: { act: confirmed, ticket, response: await sign(options) } });
}

async function sign(options: string): Promise<string> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(options));
  return JSON.stringify(await told(navigator.credentials.get({ publicKey })));
}

// Browsers do not say whether somebody changed their mind, waited too long or had nothing to pick from.
async function told(asked: Promise<Credential | null>): Promise<Credential | null> {
  return asked.catch((error: DOMException) => {
    if (error.name === 'InvalidStateError')
      throw refusal('CONFLICT', 'There is a passkey for this account already in this place.');
    throw refusal('FORBIDDEN', 'No passkey was used. Try again when you are ready.');
  });
}
