const policy = globalThis.trustedTypes?.createPolicy('worker', {
  createScriptURL: (address) => {
    if (new URL(address, location.href).origin !== location.origin)
      throw new TypeError(`${address} is not of this server.`);
    return address;
  },
});

/** The address of a worker's script, which has to be of this server, as browsers with Trusted Types want it. */
export const scriptAddress = (address: string) => (policy?.createScriptURL(address) ?? address) as string;
