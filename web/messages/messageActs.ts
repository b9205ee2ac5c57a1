/** What a person can do with a message; 'menu' shows all of it. */
export type Act =
  | 'reply'
  | 'react'
  | 'reactors'
  | 'copy'
  | 'link'
  | 'unread'
  | 'pin'
  | 'author'
  | 'edit'
  | 'remove'
  | 'menu';
