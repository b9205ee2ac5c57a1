/** Puts the cursor into the first field of a form that has just appeared. */
export const vFocusFirst = {
  mounted: (form: HTMLElement) => form.querySelector('input')?.focus(),
};
