/** Lets what concerns one room happen one after the other, in the order in which it was asked for. */
export function createTurns() {
  const last = new Map<string, Promise<unknown>>();
  return function inTurn<Result>(name: string, act: () => Promise<Result>): Promise<Result> {
    const mine = (last.get(name) ?? Promise.resolve()).then(act, act);
    last.set(name, mine);
    const clear = () => {
      if (last.get(name) === mine) last.delete(name);
    };
    mine.then(clear, clear);
    return mine;
  };
}
