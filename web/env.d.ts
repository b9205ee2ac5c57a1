/// <reference types="vite/client" />
/// <reference types="unplugin-icons/types/vue" />

// There are types for React here, but none for its renderer.
declare module 'react-dom/client' {
  export function createRoot(container: Element): { render(node: import('react').ReactNode): void };
}

// Not in TypeScript's own library yet. Absent where a browser does not have it.
declare var trustedTypes:
  | {
      createPolicy(
        name: string,
        rules: { createScriptURL(url: string): string },
      ): { createScriptURL(url: string): unknown };
    }
  | undefined;

declare module 'virtual:emojis' {
  const lines: string;
  export default lines;
}
