import { graphql } from '../gql';
import type { RecoverInput, ResetPasswordInput } from '../gql/graphql';
import { act } from '../request';
import { useViewer } from './useViewer';

const createRecoveryCodeMutation = graphql(`
  mutation CreateRecoveryCode($password: String) {
    createRecoveryCode(password: $password)
  }
`);

const recoverMutation = graphql(`
  mutation Recover($input: RecoverInput!) {
    recover(input: $input) {
      recoveryCode
      viewer {
        ...ViewerParts
      }
    }
  }
`);

const resetPasswordMutation = graphql(`
  mutation ResetPassword($input: ResetPasswordInput!) {
    resetPassword(input: $input) {
      viewer {
        ...ViewerParts
      }
    }
  }
`);

/** A new recovery code; the one before it is useless. Without the password where a passkey has confirmed it. */
export async function createRecoveryCode(password?: string): Promise<string> {
  return (await act(createRecoveryCodeMutation, { password })).createRecoveryCode;
}

/** Signs in with the recovery code, under a new password; gives the next code. */
export async function recover(input: RecoverInput): Promise<string> {
  const { viewer, recoveryCode } = (await act(recoverMutation, { input })).recover;
  useViewer().enter(viewer);
  return recoveryCode ?? '';
}

/** Signs in with a reset link, under a new password. */
export async function resetPassword(input: ResetPasswordInput) {
  useViewer().enter((await act(resetPasswordMutation, { input })).resetPassword.viewer);
}
