/** What this browser keeps under a name. Where it keeps nothing (storage is full or forbidden), the page works without. */
export const stored = {
  get(name: string): string | null {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  },
  /** Null removes it. */
  set(name: string, value: string | null) {
    try {
      if (value === null) localStorage.removeItem(name);
      else localStorage.setItem(name, value);
    } catch {
      // It lives as long as the page.
    }
  },
};
