/** Has the browser keep what is at an address, under a name. */
export function save(url: string, name: string) {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
}
