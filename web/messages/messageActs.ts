/** What a person can do with a message; 'menu' shows the others. */
export type Act = 'reply' | 'copy' | 'link' | 'unread' | 'edit' | 'remove' | 'menu';
