const browsers: [RegExp, string][] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrome\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];

const systems: [RegExp, string][] = [
  [/iPhone|iPad/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Macintosh/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
];

/** "Firefox on Linux", from what the browser said of itself; a program's own name as it is. */
export function sessionName(label: string): string {
  const browser = find(browsers, label);
  const system = find(systems, label);
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? system ?? (label || 'Unknown device');
}

const find = (table: [RegExp, string][], label: string) => table.find(([sign]) => sign.test(label))?.[1];
