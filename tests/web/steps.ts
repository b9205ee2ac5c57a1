import { Session } from 'node:inspector';
import { vi } from 'vitest';

const session = new Session();
session.connect();

/**
 * How much work a function is, measured without a clock: how often each piece of the named sources ran, as the engine
 * counts them, and how many characters the built-in text functions passed over for them.
 */
export function stepsOf(sources: RegExp, act: () => void): number {
  post('Profiler.enable');
  post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const characters = passedOver(act);
  const { result } = post('Profiler.takePreciseCoverage');
  post('Profiler.stopPreciseCoverage');
  const ran = result
    .filter(({ url }) => sources.test(url))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges.map(({ count }) => count)));
  if (!ran.length) throw new Error(`Nothing that matches ${sources} ran`);
  return characters + ran.reduce((sum, count) => sum + count, 0);
}

interface Coverage {
  result: { url: string; functions: { ranges: { count: number }[] }[] }[];
}

function post(method: string, parameters: object = {}): Coverage {
  let answer: Coverage | undefined;
  session.post(method, parameters, (problem, result) => {
    if (problem) throw problem;
    answer = result as Coverage;
  });
  return answer as Coverage;
}

function passedOver(act: () => void): number {
  let work = 0;
  const { slice, indexOf } = String.prototype;
  const { exec } = RegExp.prototype;
  vi.spyOn(String.prototype, 'slice').mockImplementation(function (this: string, from, to) {
    const result = slice.call(this, from, to);
    work += result.length;
    return result;
  });
  vi.spyOn(String.prototype, 'indexOf').mockImplementation(function (this: string, what, from = 0) {
    const result = indexOf.call(this, what, from);
    work += (result < 0 ? this.length : result) - from;
    return result;
  });
  vi.spyOn(RegExp.prototype, 'exec').mockImplementation(function (this: RegExp, subject) {
    const from = this.lastIndex;
    const result = exec.call(this, subject);
    const end = result ? result.index + result[0].length : subject.length;
    work += this.sticky ? (result?.[0].length ?? 1) : end - from;
    return result;
  });
  try {
    act();
  } finally {
    vi.restoreAllMocks();
  }
  return work;
}
