type Calls = Record<string, (args: any) => unknown>;

/** In a child process: answers what the bench asks, until it is gone. */
export function answerCalls(calls: Calls): void {
  const all: Calls = { cpu, memory, ...calls };
  process.on('message', async ({ id, name, args }: { id: number; name: string; args: object }) => {
    try {
      process.send?.({ id, result: (await all[name]?.(args)) ?? null });
    } catch (error) {
      process.send?.({ id, error: (error as Error).stack });
    }
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ ready: true });
}

/** CPU time of this process so far, user and system, in µs. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** What this process holds after collecting garbage, in bytes. */
async function memory(): Promise<{ resident: number; held: number }> {
  for (let times = 0; times < 4; times++) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { resident: rss, held: heapUsed + external };
}
