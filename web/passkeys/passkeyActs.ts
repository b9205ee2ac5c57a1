import { useViewer } from '../auth/useViewer';
import { graphql } from '../gql';
import { refusal } from '../lib/errors';
import { act } from '../request';

const beginPasskeyMutation = graphql(`
  mutation BeginPasskey($password: String!) {
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

/** Has the browser make a passkey, and adds it under that name. */
export async function addPasskey(password: string, name: string) {
  const { ticket, options } = (await act(beginPasskeyMutation, { password })).beginPasskey;
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(options));
  const response = JSON.stringify(await told(navigator.credentials.create({ publicKey })));
  await act(addPasskeyMutation, { input: { ticket, name, response } });
}

/** Signs in with whichever passkey the person picks in their browser. */
export async function signInWithPasskey() {
  const { ticket, options } = (await act(beginPasskeySignInMutation, {})).beginPasskeySignIn;
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(options));
  const response = JSON.stringify(await told(navigator.credentials.get({ publicKey })));
  useViewer().enter((await act(signInWithPasskeyMutation, { input: { ticket, response } })).signInWithPasskey.viewer);
}

// Browsers do not say whether somebody changed their mind, waited too long or had nothing to pick from.
async function told(asked: Promise<Credential | null>): Promise<Credential | null> {
  return asked.catch((error: DOMException) => {
    if (error.name === 'InvalidStateError')
      throw refusal('CONFLICT', 'There is a passkey for this account already in this place.');
    throw refusal('FORBIDDEN', 'No passkey was used. Try again when you are ready.');
  });
}
