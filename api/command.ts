import { type ParseArgsConfig, parseArgs } from 'node:util';
import { isUnavailable } from './db/driverErrors.ts';
import { StartError } from './errors.ts';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<O extends Options> = ReturnType<typeof parseArgs<{ options: O; allowPositionals: true }>>['values'];

/** Runs a command of the terminal with its one argument. What goes wrong is one sentence, or a bug with its stack. */
export function command<O extends Options>(
  usage: string,
  options: O,
  run: (given: string[], values: Values<O>) => Promise<void>,
) {
  Promise.resolve()
    .then(() => {
      const { positionals, values } = parsed(usage, options);
      return run(positionals, values);
    })
    .then(() => process.exit(0))
    .catch((error) => {
      process.stderr.write(`${said(error)}\n`);
      process.exit(1);
    });
}

function said(error: Error): string | undefined {
  if (error instanceof StartError) return error.message;
  return isUnavailable(error) ? `Broken off: ${error.message}. Try again.` : error.stack;
}

function parsed<O extends Options>(usage: string, options: O) {
  try {
    const given = parseArgs({ options, allowPositionals: true });
    if (given.positionals.length === 1) return given;
  } catch {
    // What it says is longer than how it is used.
  }
  throw new StartError(`Use it like this: ${usage}`);
}
