/// <reference types="vite/client" />
/// <reference types="unplugin-icons/types/vue" />

// There are types for React here, but none for its renderer.
declare module 'react-dom/client' {
  export function createRoot(container: Element): { render(node: import('react').ReactNode): void };
}
