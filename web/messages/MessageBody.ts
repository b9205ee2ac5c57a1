import { computed, defineComponent, h, type PropType, type VNode, type VNodeChild } from 'vue';
import { RouterLink } from 'vue-router';
import type { Message } from '../lib/roomStore';
import MessageCode from './MessageCode.vue';
import type { Style } from './messageInlines';
import { EVERYONE, type NamedPerson, type Names, personNamed, roomNamed, useNames } from './messageNames';
import { type Block, type Inline, parseMessage } from './messageText';

const TAGS: Record<Style, string> = { strong: 'strong', em: 'em', strike: 's' };

/** A message's text as elements: never by way of HTML, so nothing in it can become more than text. */
export default defineComponent({
  props: { message: { type: Object as PropType<Message>, required: true }, unsent: Boolean },
  setup(props) {
    const names = useNames();
    const blocks = computed(() => parseMessage(fewTurns(props.message.body ?? '')));
    return () => {
      const { author, mentions, mentionsRoom, editedAt } = props.message;
      // Whom it names the server says; until then, those who are known here.
      const called = {
        ...names,
        named: props.unsent ? names.people.value : mentions,
        everyone: mentionsRoom,
        own: author?.id === names.me,
      };
      const rendered = blocks.value.map((block) => renderBlock(block, called));
      return editedAt ? withMark(rendered, blocks.value.at(-1)) : rendered;
    };
  },
});

const MOST_TURNS = 500;

/** Thousands of signs that turn the direction of writing take a browser long to lay out; nobody's text has so many. */
function fewTurns(text: string) {
  let turns = 0;
  return text.replace(/[\u202a-\u202e\u2066-\u2069]/g, (sign) => (++turns > MOST_TURNS ? '' : sign));
}

interface Called extends Names {
  named: readonly NamedPerson[];
  everyone: boolean;
  /** It is the viewer's: what they wrote does not call them. */
  own: boolean;
}

/** "edited" stands behind the last word, or below what is no paragraph. */
function withMark(rendered: VNode[], last: Block | undefined) {
  const mark = h('span', { class: 'edited' }, 'edited');
  if (last?.kind !== 'paragraph') return [...rendered, h('p', mark)];
  const paragraph = rendered.at(-1) as VNode;
  return [...rendered.slice(0, -1), h('p', [...(paragraph.children as VNodeChild[]), ' ', mark])];
}

function renderBlock(block: Block, names: Called): VNode {
  switch (block.kind) {
    case 'code':
      return h(MessageCode, { text: block.text, language: block.language });
    case 'quote':
      return h('blockquote', renderBlocks(block.blocks, names));
    case 'list':
      return h(
        block.start === undefined ? 'ul' : 'ol',
        { start: block.start },
        block.items.map((item) => h('li', renderBlocks(item, names))),
      );
    case 'paragraph':
      return h('p', renderInlines(block.inlines, names));
  }
}

const renderBlocks = (blocks: Block[], names: Called) => blocks.map((block) => renderBlock(block, names));
const renderInlines = (inlines: Inline[], names: Called) => inlines.map((inline) => renderInline(inline, names));

function renderInline(inline: Inline, names: Called): VNodeChild {
  if (typeof inline === 'string') return inline;
  switch (inline.kind) {
    case 'code':
      return h('code', inline.text);
    case 'link':
      return renderLink(inline);
    case 'person':
      return renderPerson(inline, names);
    case 'room':
      return renderRoom(inline, names);
    default:
      return h(TAGS[inline.kind], renderInlines(inline.inlines, names));
  }
}

function renderLink({ href, text }: { href: string; text: string }) {
  const title = href.includes(text) ? undefined : href;
  return h('a', { href, title, target: '_blank', rel: 'noopener noreferrer nofollow' }, text);
}

function renderPerson({ name: said, text }: { name: string; text: string }, names: Called): VNodeChild {
  const everyone = { id: names.own ? '' : names.me, username: EVERYONE, displayName: 'Everyone in this room' };
  const found = personNamed(names.everyone ? [everyone, ...names.named] : names.named, said);
  if (!found) return text;
  const { person, name } = found;
  const title = person.displayName;
  return [h('span', { class: ['at', { self: person.id === names.me }], title }, `@${name}`), said.slice(name.length)];
}

function renderRoom({ name, text }: { name: string; text: string }, names: Called) {
  const room = roomNamed(names, name);
  return room ? h(RouterLink, { class: 'at', to: { name: 'room', params: { id: room.id } } }, () => text) : text;
}
