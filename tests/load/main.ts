import { writeFileSync } from 'node:fs';
import { machine } from '../bench/machine.ts';
import { runLoad } from './load.ts';
import { HELP, readPlan } from './plan.ts';
import { asJson, describe, gateOf, isGood, LIMITED } from './report.ts';

process.exit(await main(process.argv.slice(2)));

async function main(args: string[]): Promise<number> {
  if (args.includes('--help')) return say(HELP, 0);
  try {
    const { json, ...plan } = readPlan(args);
    const outcome = await runLoad(plan, (line) => console.error(line));
    if (json) writeFileSync(json, `${JSON.stringify({ machine: machine(), ...asJson(outcome) }, null, 2)}\n`);
    return say(`${describe(outcome)}\n\nMeasured on ${machine()}.`, isGood(gateOf(outcome)) ? 0 : 1);
  } catch (error) {
    const { message } = error as Error;
    return say(message.startsWith('RATE_LIMITED') ? `${message}\n${LIMITED}` : message, 2);
  }
}

function say(text: string, code: number): number {
  console.log(text);
  return code;
}
