/** Throws, with what to do, when a patch is for another version or does not fit. */
export function applyPatches(root?: string): void;
