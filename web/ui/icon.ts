import { type FunctionalComponent, h } from 'vue';

/** A line as its path, or another shape with what it is made of. */
export type Shape = string | [name: string, attributes: Record<string, string>];

const FRAME = { class: 'i', viewBox: '0 0 24 24', 'aria-hidden': 'true' };

/** An icon, drawn in lines of the colour of the text around it (`.i`). `vite.icons.ts` makes one of each that is imported. */
export const icon =
  (...shapes: Shape[]): FunctionalComponent =>
  () =>
    h('svg', FRAME, shapes.map(drawn));

const drawn = (shape: Shape) => (typeof shape === 'string' ? h('path', { d: shape }) : h(...shape));
