export type Level = 'debug' | 'info' | 'warn' | 'error';
export type Log = Record<Level, (event: string, detail?: Record<string, unknown>) => void>;

/**
 * One JSON object a line on standard error. Events name what happened; details are ids, counts and durations,
 * never a body, a name, a password, a token or an address.
 */
export function createLog(least: Level): Log {
  const levels: Level[] = ['debug', 'info', 'warn', 'error'];
  const writer =
    (level: Level) =>
    (event: string, detail: Record<string, unknown> = {}) => {
      if (levels.indexOf(level) < levels.indexOf(least)) return;
      const line = { time: new Date().toISOString(), level, event, ...detail };
      process.stderr.write(`${JSON.stringify(line, withoutCause)}\n`);
    };
  return { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') };
}

// A driver's error quotes the values it was given: the stack says where, the message could say what.
function withoutCause(_key: string, value: unknown) {
  if (!(value instanceof Error)) return value;
  const frames = (value.stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at '));
  return { name: value.name, code: (value as { code?: unknown }).code, stack: frames.slice(0, 12).join('\n') };
}
