import type { Visitor } from './site.ts';

/** Takes from a visitor's Chromium what WebKit does not have: anchors of scrolling, and questions about storage (WebKitGTK). */
export async function asInWebKit({ context }: Visitor) {
  await context.addInitScript(() => {
    Object.defineProperty(navigator, 'storage', { value: undefined });
    const supports = CSS.supports.bind(CSS);
    CSS.supports = (...condition: [string]) => !/overflow-anchor/.test(condition[0]) && supports(...condition);
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('* { overflow-anchor: none }');
    document.adoptedStyleSheets = [sheet];
  });
}
