import icons from 'unplugin-icons/vite';
import type { Shape } from './ui/icon.ts';

const shape = /<([a-z]+) ([^>]*)\/>/g;
const attribute = /([\w-]+)="([^"]*)"/g;
/** What all of them have alike, `.i` says once. */
const alike = /^(stroke.*|fill)$/;

/** `~icons/lucide/NAME` as a component that holds the shapes of the icon alone: a page loads dozens of them. */
export function lineIcons() {
  return icons({
    compiler: { compiler: (svg) => `import { icon } from '/ui/icon.ts';\nexport default icon(${drawing(svg)});\n` },
  });
}

const drawing = (svg: string) =>
  [...svg.matchAll(shape)].map(([, name = '', text = '']) => JSON.stringify(shapeOf(name, text))).join();

function shapeOf(name: string, text: string): Shape {
  const attributes = [...text.matchAll(attribute)].map(([, key = '', value = '']) => [key, value] as const);
  const own = Object.fromEntries(
    attributes.filter(([key, value]) => !alike.test(key) || (key === 'fill' && value !== 'none')),
  );
  return name === 'path' && Object.keys(own).join() === 'd' ? (own.d ?? '') : [name, own];
}
