import { type Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeProcess } from './nodeProcess.ts';
import type { Random } from './random.ts';

const PATIENCE = 4_000;
const PASSWORD = 'quiet enough here';
const TOKENS = '{ accessToken viewer { id } }';

/** Why a request got no data: the code of the answer, or NETWORK when there was none. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(`${code}: ${message}`);
  }
}

/** What answers said, counted by code. */
export type Answers = Map<string, number>;

/** Somebody with an account, who signs in again when the session has ended. */
export class Account {
  id = '';
  accessToken = '';
  private readonly username: string;
  private signingIn: Promise<void> | undefined;

  constructor(
    readonly name: string,
    private readonly nodes: NodeProcess[],
    private readonly random: Random,
    private readonly answers: Answers,
  ) {
    this.username = `${name}.${random.between(100_000, 999_999)}`;
  }

  async register(): Promise<void> {
    const input = { username: this.username, displayName: this.name, password: PASSWORD, cookies: false };
    const document = `mutation ($input: RegisterInput!) { register(input: $input) ${TOKENS} }`;
    this.keep((await this.insist(document, { input })).register);
  }

  /** One try at one node: the data, or Refused. */
  async ask(node: NodeProcess, document: string, variables: object, token = this.accessToken): Promise<any> {
    const answer = await post(node, token, JSON.stringify({ query: document, variables })).catch((error) => {
      throw this.refused('NETWORK', String(error.message));
    });
    const [error] = answer.errors ?? [];
    if (!error) return answer.data;
    const code = error.extensions?.code ?? 'UNKNOWN';
    if (code === 'UNAUTHENTICATED' && token) await this.signInAgain(token);
    throw this.refused(code, error.message);
  }

  /** As often as it takes, on either node; what is refused for good is thrown. */
  async insist(document: string, variables: object, token?: string): Promise<any> {
    for (;;) {
      try {
        return await this.ask(this.random.pick(this.nodes), document, variables, token);
      } catch (error) {
        if (!(error instanceof Refused) || !isPassing(error.code)) throw error;
        await sleep(this.random.between(20, 300));
      }
    }
  }

  /** Starts another session when the one of this token has ended; once, however many ask. */
  async signInAgain(token: string): Promise<void> {
    if (token !== this.accessToken) return;
    this.signingIn ??= this.logIn().finally(() => {
      this.signingIn = undefined;
    });
    await this.signingIn;
  }

  private async logIn(): Promise<void> {
    const input = { username: this.username, password: PASSWORD, cookies: false };
    const document = `mutation ($input: LogInInput!) { logIn(input: $input) ${TOKENS} }`;
    this.keep((await this.insist(document, { input }, '')).logIn);
  }

  private keep({ accessToken, viewer }: { accessToken: string; viewer: { id: string } }) {
    this.accessToken = accessToken;
    this.id = viewer.id;
  }

  private refused(code: string, message: string): Refused {
    this.answers.set(code, (this.answers.get(code) ?? 0) + 1);
    return new Refused(code, message);
  }
}

const PASSING = new Set([
  'NETWORK',
  'UNAVAILABLE',
  'RATE_LIMITED',
  'INTERNAL_SERVER_ERROR',
  'UNAUTHENTICATED',
  'UNKNOWN',
]);

/** Whether the same request may be answered otherwise in a moment. */
export const isPassing = (code: string) => PASSING.has(code);

async function post(node: NodeProcess, token: string, body: string): Promise<{ data?: any; errors?: any[] }> {
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(token && { authorization: `Bearer ${token}` }),
  };
  return JSON.parse(await exchange(node.port, node.agent, headers, body));
}

function exchange(port: number, agent: Agent, headers: Record<string, string | number>, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(PATIENCE);
    const options = { host: '127.0.0.1', port, path: '/graphql', method: 'POST', headers, agent, signal };
    const asking = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        text += part;
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
      response.on('close', () => reject(new Error('the answer was cut off')));
    });
    asking.on('error', reject);
    asking.end(body);
  });
}
