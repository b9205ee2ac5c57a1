import { type CookieJar, viewerOf } from '../context.ts';
import type { Core } from '../core.ts';
import type { Allowance } from '../limits.ts';
import type { RequestFacts } from '../requests.ts';
import { refuseReaders } from '../tokenReach.ts';
import { noteStatus, type Trail } from '../trails.ts';
import type { Viewer } from '../users/users.ts';
import { endSession, refreshSession, registerPerson, signIn } from './accounts.ts';
import { answerTo, Refusal } from './refusals.ts';
import { createNamedRoom, deleteById, joinById, leaveById, listOwnRooms, listPeople } from './rooms.ts';

export interface LegacyRequest {
  method: string;
  /** Without the query. */
  path: string;
  accept: string;
  contentType: string;
  body: Buffer;
  facts: RequestFacts;
  cookies: CookieJar;
  /** What the request has used up of its limits. */
  allowances: Allowance[];
  trail: Trail;
}
export interface LegacyAnswer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

type Answer = (core: Core, request: LegacyRequest, roomId: string) => Promise<LegacyAnswer>;
type AnswerTo = (core: Core, viewer: Viewer, request: LegacyRequest, roomId: string) => Promise<LegacyAnswer>;
interface Route {
  method: 'GET' | 'POST' | 'DELETE';
  path: RegExp;
  answer: Answer;
  /** Whether the web client has a page there too: browsers that ask for one get it. */
  isPage?: boolean;
}

const ROUTES: Route[] = [
  { method: 'POST', path: /^\/register\/?$/, answer: registerPerson, isPage: true },
  { method: 'POST', path: /^\/login\/?$/, answer: signIn, isPage: true },
  { method: 'POST', path: /^\/refresh\/?$/, answer: refreshSession },
  { method: 'POST', path: /^\/logout\/?$/, answer: endSession },
  { method: 'GET', path: /^\/api\/users\/?$/, answer: signedIn(listPeople) },
  { method: 'GET', path: /^\/rooms\/?$/, answer: signedIn(listOwnRooms) },
  { method: 'POST', path: /^\/rooms\/create\/?$/, answer: signedIn(createNamedRoom) },
  { method: 'POST', path: /^\/room\/join\/?$/, answer: signedIn(joinById) },
  { method: 'POST', path: /^\/room\/leave\/?$/, answer: signedIn(leaveById) },
  { method: 'DELETE', path: /^\/room\/delete\/([^/]+)\/?$/, answer: signedIn(deleteById) },
];

/** The answer of a documented route, refusals and failures included; null when the path is none of them. */
export async function answerLegacy(core: Core, request: LegacyRequest): Promise<LegacyAnswer | null> {
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const route = ROUTES.find(({ path }) => path.test(request.path));
  if (!route || (route.isPage && method === 'GET' && request.accept.includes('text/html'))) return null;
  if (method !== route.method) return wrongMethod(request, route);
  const roomId = route.path.exec(request.path)?.[1] ?? '';
  const answered = await core.admission.requests
    .run(() => route.answer(core, request, roomId))
    .catch((error) => answerTo(core, error, request.trail));
  noteStatus(core.log, answered.status, nameOf(request), request.trail);
  return answered;
}

// Without the id, which may be anything.
const nameOf = ({ path }: LegacyRequest) => path.split('/').slice(0, 3).join('/');

function signedIn(answer: AnswerTo): Answer {
  return async (core, request, roomId) => {
    const viewer = await viewerOf(core, request.facts.credentials);
    request.trail.user = viewer?.id ?? null;
    if (!viewer) throw new Refusal(401, { detail: 'Authentication credentials were not provided.' });
    if (request.method !== 'GET' && request.method !== 'HEAD') refuseReaders(viewer);
    return answer(core, { ...viewer, allowances: request.allowances }, request, roomId);
  };
}

function wrongMethod(request: LegacyRequest, { method }: Route): LegacyAnswer {
  const Allow = method === 'GET' ? 'GET, HEAD, OPTIONS' : `${method}, OPTIONS`;
  return { status: 405, body: { detail: `Method "${request.method}" not allowed.` }, headers: { Allow } };
}
