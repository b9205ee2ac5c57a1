import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Group, Identity, KeyPackage, RatchetTree } from 'openmls-wasm';
import * as bindings from 'openmls-wasm/openmls_wasm_bg.js';
import type { KeyPackage as LibraryKeyPackage } from 'ts-mls';

// The package is made for bundlers that import .wasm, which Node 20 does not.
const file = createRequire(import.meta.url).resolve('openmls-wasm/openmls_wasm_bg.wasm');
const { instance } = await WebAssembly.instantiate(readFileSync(file), { './openmls_wasm_bg.js': bindings as never });
const { memory, __wbindgen_start } = instance.exports as unknown as {
  memory: WebAssembly.Memory;
  __wbindgen_start(): void;
};
bindings.__wbg_set_wasm(instance.exports);
__wbindgen_start();

/** Somebody whose client is OpenMLS. */
export class OpenMlsMember {
  readonly provider = new bindings.Provider();
  readonly identity: Identity;
  group: Group | undefined;

  constructor(readonly name: string) {
    this.identity = new bindings.Identity(this.provider, name);
  }

  makeKeyPackage(): { own: KeyPackage; keyPackage: LibraryKeyPackage } {
    const own = this.identity.key_package(this.provider);
    return { own, keyPackage: keyPackageOf(this.name) };
  }

  join(welcome: Uint8Array) {
    this.group = bindings.Group.join(this.provider, welcome, unusedTree());
  }
}

/** The bindings ask for a tree always, and OpenMLS takes the one in the Welcome when there is one. */
function unusedTree(): RatchetTree {
  const provider = new bindings.Provider();
  return bindings.Group.create_new(provider, new bindings.Identity(provider, 'nobody'), 'none').export_ratchet_tree();
}

/** The bindings do not give the bytes of a key package, but OpenMLS keeps it as JSON in its store, in WebAssembly's memory. */
function keyPackageOf(name: string): LibraryKeyPackage {
  const bytes = Buffer.from(memory.buffer);
  const identity = JSON.stringify([...Buffer.from(name)]);
  for (let at = bytes.indexOf(START); at >= 0; at = bytes.indexOf(START, at + 1)) {
    const stored = objectAt(bytes, at);
    if (stored?.includes(`"serialized_credential_content":{"vec":${identity}}`)) return fromStore(JSON.parse(stored));
  }
  throw new Error('OpenMLS keeps its key packages in another way: look at its store.');
}

const START = '{"key_package":{"payload"';

function objectAt(bytes: Buffer, start: number): string | undefined {
  let depth = 0;
  for (let at = start; at < bytes.length; at++) {
    if (bytes[at] === 0x7b) depth += 1;
    if (bytes[at] === 0x7d) depth -= 1;
    if (depth === 0) return bytes.toString('latin1', start, at + 1);
  }
  return undefined;
}

interface Stored {
  key_package: {
    payload: {
      init_key: { key: { vec: number[] } };
      leaf_node: {
        payload: {
          encryption_key: { key: { vec: number[] } };
          signature_key: { value: { vec: number[] } };
          credential: { serialized_credential_content: { vec: number[] } };
          leaf_node_source: { KeyPackage: { not_before: number; not_after: number } };
        };
        signature: { value: { vec: number[] } };
      };
    };
    signature: { value: { vec: number[] } };
  };
}

/** Whether it was read right, its two signatures tell. */
function fromStore({ key_package: { payload, signature } }: Stored): LibraryKeyPackage {
  const { payload: leaf, signature: leafSignature } = payload.leaf_node;
  const { not_before, not_after } = leaf.leaf_node_source.KeyPackage;
  return {
    version: 'mls10',
    cipherSuite: 'MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519',
    initKey: Uint8Array.from(payload.init_key.key.vec),
    leafNode: {
      leafNodeSource: 'key_package',
      hpkePublicKey: Uint8Array.from(leaf.encryption_key.key.vec),
      signaturePublicKey: Uint8Array.from(leaf.signature_key.value.vec),
      credential: {
        credentialType: 'basic',
        identity: Uint8Array.from(leaf.credential.serialized_credential_content.vec),
      },
      capabilities: {
        versions: ['mls10'],
        ciphersuites: [
          'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519',
          'MLS_128_DHKEMP256_AES128GCM_SHA256_P256',
          'MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519',
          'MLS_128_MLKEM512_AES128GCM_SHA256_Ed25519',
        ],
        extensions: [],
        proposals: [],
        credentials: ['basic'],
      },
      lifetime: { notBefore: BigInt(not_before), notAfter: BigInt(not_after) },
      extensions: [],
      signature: Uint8Array.from(leafSignature.value.vec),
    },
    extensions: [],
    signature: Uint8Array.from(signature.value.vec),
  };
}
