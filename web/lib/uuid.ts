let lastTime = 0;
let counter = 0;

/** A UUID of version 7. Ids made in one tab sort in the order in which they were made. */
export function uuidv7(now = Date.now()): string {
  if (now > lastTime) {
    lastTime = now;
    counter = Math.floor(Math.random() * 0x800);
  } else if (++counter > 0xfff) {
    lastTime += 1;
    counter = 0;
  }
  return format(lastTime, counter, crypto.getRandomValues(new Uint8Array(8)));
}

function format(time: number, count: number, random: Uint8Array) {
  random.set([((random[0] ?? 0) & 0x3f) | 0x80]);
  const stamp = time.toString(16).padStart(12, '0');
  const tail = Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const middle = count.toString(16).padStart(3, '0');
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7${middle}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}

/** When a UUID of version 7 was made, in ms. */
export const timeOf = (id: string) => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
