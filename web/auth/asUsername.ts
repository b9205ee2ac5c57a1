/** What a field for a username is to browsers and password managers. */
export const asUsername = {
  name: 'username',
  autocomplete: 'username',
  autocapitalize: 'none',
  spellcheck: false,
  required: true,
};
