import { SealError } from './errors.ts';

/** Gives a value as what it has to be, or throws a `SealError` BAD_CONTENT that says where it is not. */
export type Check<Value> = (value: unknown, path: string) => Value;
export type Checked<Of> = Of extends Check<infer Value> ? Value : never;

type Parts = Record<string, Check<unknown>>;
type Maybe<Of extends Parts> = { [Key in keyof Of]: undefined extends Checked<Of[Key]> ? Key : never }[keyof Of];
/** An object of these parts; those that may be missing are optional. */
export type Shape<Of extends Parts> = { [Key in Exclude<keyof Of, Maybe<Of>>]: Checked<Of[Key]> } & {
  [Key in Maybe<Of>]?: Checked<Of[Key]>;
};

/** Parts that are not named are left out. */
export const shape =
  <Of extends Parts>(parts: Of): Check<Shape<Of>> =>
  (value, path) => {
    const found = Object.entries(parts).map(([key, check]) => [
      key,
      check((Object(value) as Record<string, unknown>)[key], path ? `${path}.${key}` : key),
    ]);
    return Object.fromEntries(found.filter(([, part]) => part !== undefined)) as Shape<Of>;
  };

export const optional =
  <Value>(check: Check<Value>): Check<Value | undefined> =>
  (value, path) =>
    value === undefined ? undefined : check(value, path);

export const listOf =
  <Value>(check: Check<Value>, most: number): Check<Value[]> =>
  (value, path) => {
    if (!Array.isArray(value) || value.length > most) return refuse(path);
    return Array.from(value, (item, at) => check(item, `${path}.${at}`));
  };

export const string =
  (isRight: (text: string) => boolean): Check<string> =>
  (value, path) =>
    typeof value === 'string' && isRight(value) ? value : refuse(path);

export const oneOf =
  <const Value>(...values: Value[]): Check<Value> =>
  (value, path) =>
    values.includes(value as Value) ? (value as Value) : refuse(path);

export const whole: Check<number> = (value, path) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : refuse(path);

export const boolean = oneOf(true, false);

export function refuse(path: string): never {
  throw new SealError('BAD_CONTENT', `This is not what can be said in a room: ${path || 'value'}.`);
}
