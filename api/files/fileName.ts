const MOST = 200;

/** The name of a file as people may see it: without folders and without what cannot be seen; never empty. */
export function fileName(given: string): string {
  const base = given.normalize('NFC').split(/[/\\]/).at(-1) ?? '';
  const visible = base
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}<>:"|?*]/gu, '')
    .trim()
    .replace(/^\.+/, '');
  return shortened(visible) || 'file';
}

function shortened(name: string): string {
  const characters = [...name];
  if (characters.length <= MOST) return name;
  const ending = /\.[\p{L}\d]{1,10}$/u.exec(name)?.[0] ?? '';
  return characters.slice(0, MOST - ending.length).join('') + ending;
}
