import type { Component } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import IconCompass from '~icons/lucide/compass';
import IconKeyboard from '~icons/lucide/keyboard';
import IconLink from '~icons/lucide/link';
import IconLogOut from '~icons/lucide/log-out';
import IconMoon from '~icons/lucide/moon';
import IconPlus from '~icons/lucide/plus';
import IconSettings from '~icons/lucide/settings';
import IconShield from '~icons/lucide/shield';
import IconSquarePen from '~icons/lucide/square-pen';
import IconSunMoon from '~icons/lucide/sun-moon';
import { useViewer } from '../auth/useViewer';
import { signOut } from '../encryption/useSignOut';
import { lengths, useHush } from '../hush/useHush';
import { type Theme, useTheme } from '../ui/useTheme';
import { copyRoomLink } from './roomLink';
import { useRoomDialog } from './useRoomDialog';
import { useRooms } from './useRooms';

export interface Command {
  id: string;
  name: string;
  icon: Component;
  run: () => unknown;
}

/** What one can do from the palette, in words that one would type. */
export function useCommands(): Command[] {
  const router = useRouter();
  const route = useRoute();
  const opened = useRoomDialog();
  const theme = useTheme();
  const { hushed, hush, end } = useHush();
  const { viewer } = useViewer();
  const here = useRooms().rooms.get(String(route.params.id));

  const open = (dialog: typeof opened.value) => () => {
    opened.value = dialog;
  };
  const dress = (as: Theme, name: string) => ({
    name,
    icon: IconSunMoon,
    run: () => {
      theme.value = as;
    },
  });

  const commands = [
    ...(hushed.value ? [{ name: 'End the hush', icon: IconMoon, run: end }] : []),
    ...lengths.map(({ label, end: until }) => ({
      name: `Hush ${lower(label)}`,
      icon: IconMoon,
      run: () => hush(until()),
    })),
    { name: 'New room', icon: IconPlus, run: open('create') },
    { name: 'Find a room', icon: IconCompass, run: open('browse') },
    { name: 'Write to someone', icon: IconSquarePen, run: open('direct') },
    ...(here?.kind === 'PUBLIC'
      ? [{ name: 'Copy the link to this room', icon: IconLink, run: () => copyRoomLink(here) }]
      : []),
    ...(viewer.value?.isAdmin
      ? [{ name: 'Administration', icon: IconShield, run: () => router.push({ name: 'admin' }) }]
      : []),
    { name: 'Settings', icon: IconSettings, run: () => router.push({ name: 'settings' }) },
    dress('light', 'Light colours'),
    dress('dark', 'Dark colours'),
    dress('system', 'Colours as the system has them'),
    { name: 'Keys', icon: IconKeyboard, run: open('keys') },
    { name: 'Sign out', icon: IconLogOut, run: signOut },
  ];
  return commands.map((command) => ({ ...command, id: command.name.toLowerCase().replace(/\W+/g, '-') }));
}

const lower = (label: string) => label.charAt(0).toLowerCase() + label.slice(1);
