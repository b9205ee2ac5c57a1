import { decodeAuthenticatedContent } from 'ts-mls/authenticatedContent.js';
import { decodeCommit, encodeCommit } from 'ts-mls/commit.js';
import { refhash } from 'ts-mls/crypto/hash.js';
import { decryptWithLabel, encryptWithLabel } from 'ts-mls/crypto/hpke.js';
import { deriveSecret, deriveTreeSecret, expandWithLabel } from 'ts-mls/crypto/kdf.js';
import { signWithLabel, verifyWithLabel } from 'ts-mls/crypto/signature.js';
import { createConfirmationTag, type FramedContentCommit } from 'ts-mls/framedContent.js';
import { encodeGroupContext } from 'ts-mls/groupContext.js';
import { verifyGroupInfoConfirmationTag, verifyGroupInfoSignature } from 'ts-mls/groupInfo.js';
import { makeKeyPackageRef } from 'ts-mls/keyPackage.js';
import { initializeEpoch, mlsExporter } from 'ts-mls/keySchedule.js';
import { decodeMlsMessage, encodeMlsMessage } from 'ts-mls/message.js';
import { unprotectPrivateMessage } from 'ts-mls/messageProtection.js';
import { unprotectPublicMessage } from 'ts-mls/messageProtectionPublic.js';
import { computePskSecret } from 'ts-mls/presharedkey.js';
import { encodeProposal } from 'ts-mls/proposal.js';
import { decodeRatchetTree, encodeRatchetTree } from 'ts-mls/ratchetTree.js';
import { createSecretTree, deriveKey, deriveNonce, ratchetUntil } from 'ts-mls/secretTree.js';
import { expandSenderDataKey, expandSenderDataNonce } from 'ts-mls/sender.js';
import { createConfirmedHash, createInterimHash } from 'ts-mls/transcriptHash.js';
import { decryptGroupInfo, decryptGroupSecrets } from 'ts-mls/welcome.js';
import { describe, expect, test } from 'vitest';
import { CONFIG } from '../../web/crypto/mls/config.ts';
import { suiteOf } from '../../web/crypto/mls/suite.ts';
import { nodeSuiteOf } from './nodeSuite.ts';
import { contextOf, hex, messageOf, nobody, signerOf, toHex, vectors, whole } from './vectors.ts';

// The working group's vectors (vectors/README.md) on the patched library, with the suite that browsers have and with the
// one that only tests have.

describe.each([
  ['as in browsers', suiteOf],
  ['as in tests', nodeSuiteOf],
])('%s', (_, makeSuite) => {
  test.each(vectors('crypto-basics'))('crypto basics', async (vector) => {
    const suite = await makeSuite(signerOf(vector.sign_with_label.priv));
    const { hash, kdf, hpke, signature } = suite;
    const ref = vector.ref_hash;
    expect(toHex(await refhash(ref.label, hex(ref.value), hash))).toBe(ref.out);
    const expand = vector.expand_with_label;
    const expanded = expandWithLabel(hex(expand.secret), expand.label, hex(expand.context), expand.length, kdf);
    expect(toHex(await expanded)).toBe(expand.out);
    const derive = vector.derive_secret;
    expect(toHex(await deriveSecret(hex(derive.secret), derive.label, kdf))).toBe(derive.out);
    const tree = vector.derive_tree_secret;
    const derived = deriveTreeSecret(hex(tree.secret), tree.label, tree.generation, tree.length, kdf);
    expect(toHex(await derived)).toBe(tree.out);
    const signed = vector.sign_with_label;
    const [key, content] = [hex(signed.pub), hex(signed.content)];
    expect(await verifyWithLabel(key, signed.label, content, hex(signed.signature), signature)).toBe(true);
    const own = await signWithLabel(new Uint8Array(), signed.label, content, signature);
    expect(await verifyWithLabel(key, signed.label, content, own, signature)).toBe(true);
    const sealed = vector.encrypt_with_label;
    const privateKey = await hpke.importPrivateKey(hex(sealed.priv));
    const open = async (kem: Uint8Array, ciphertext: Uint8Array) =>
      toHex(await decryptWithLabel(privateKey, sealed.label, hex(sealed.context), kem, ciphertext, hpke));
    expect(await open(hex(sealed.kem_output), hex(sealed.ciphertext))).toBe(sealed.plaintext);
    const publicKey = await hpke.importPublicKey(hex(sealed.pub));
    const again = await encryptWithLabel(publicKey, sealed.label, hex(sealed.context), hex(sealed.plaintext), hpke);
    expect(await open(again.enc, again.ct)).toBe(sealed.plaintext);
  });

  test.each(vectors('key-schedule'))('key schedule', async (vector) => {
    const suite = await makeSuite(nobody);
    let init = hex(vector.initial_init_secret);
    for (const [at, epoch] of vector.epochs.entries()) {
      const context = contextOf({ ...epoch, group_id: vector.group_id }, at);
      expect(toHex(encodeGroupContext(context))).toBe(epoch.group_context);
      const made = await initializeEpoch(init, hex(epoch.commit_secret), context, hex(epoch.psk_secret), suite.kdf);
      const { keySchedule } = made;
      expect({ ...keySchedule, ...made }).toMatchObject({
        joinerSecret: hex(epoch.joiner_secret),
        welcomeSecret: hex(epoch.welcome_secret),
        encryptionSecret: hex(epoch.encryption_secret),
        initSecret: hex(epoch.init_secret),
        senderDataSecret: hex(epoch.sender_data_secret),
        exporterSecret: hex(epoch.exporter_secret),
        epochAuthenticator: hex(epoch.epoch_authenticator),
        externalSecret: hex(epoch.external_secret),
        confirmationKey: hex(epoch.confirmation_key),
        membershipKey: hex(epoch.membership_key),
        resumptionPsk: hex(epoch.resumption_psk),
      });
      const external = await suite.hpke.deriveKeyPair(keySchedule.externalSecret);
      expect(toHex(await suite.hpke.exportPublicKey(external.publicKey))).toBe(epoch.external_pub);
      const { label, context: exported, length, secret } = epoch.exporter;
      expect(toHex(await mlsExporter(keySchedule.exporterSecret, label, hex(exported), length, suite))).toBe(secret);
      init = new Uint8Array(keySchedule.initSecret);
    }
  });

  test.each(vectors('secret-tree'))('secret tree', async (vector) => {
    const suite = await makeSuite(nobody);
    const { sender_data_secret, ciphertext, key, nonce } = vector.sender_data;
    expect(toHex(await expandSenderDataKey(suite, hex(sender_data_secret), hex(ciphertext)))).toBe(key);
    expect(toHex(await expandSenderDataNonce(suite, hex(sender_data_secret), hex(ciphertext)))).toBe(nonce);
    const tree = await createSecretTree(vector.leaves.length, hex(vector.encryption_secret), suite.kdf);
    for (const [leaf, generations] of vector.leaves.entries()) {
      for (const expected of generations) {
        for (const kind of ['handshake', 'application'] as const) {
          const chain = tree[2 * leaf]?.[kind];
          if (!chain) throw new Error('No chain.');
          const [{ secret }] = await ratchetUntil(chain, expected.generation, CONFIG.keyRetentionConfig, suite.kdf);
          expect(toHex(await deriveKey(secret, expected.generation, suite))).toBe(expected[`${kind}_key`]);
          expect(toHex(await deriveNonce(secret, expected.generation, suite))).toBe(expected[`${kind}_nonce`]);
        }
      }
    }
  });

  test.each(vectors('message-protection'))('message protection', async (vector) => {
    const suite = await makeSuite(signerOf(vector.signature_priv));
    const context = contextOf(vector, vector.epoch);
    const key = hex(vector.signature_pub);
    const blank = [undefined, undefined, undefined];
    for (const kind of ['proposal', 'commit'] as const) {
      const { publicMessage } = messageOf('mls_public_message', vector[`${kind}_pub`]);
      const read = await unprotectPublicMessage(hex(vector.membership_key), context, blank, publicMessage, suite, key);
      expect(rawOf(read.content)).toBe(vector[kind]);
    }
    for (const kind of ['proposal', 'commit', 'application'] as const) {
      const { privateMessage } = messageOf('mls_private_message', vector[`${kind}_priv`]);
      const secrets = await createSecretTree(2, hex(vector.encryption_secret), suite.kdf);
      const secret = hex(vector.sender_data_secret);
      const { keyRetentionConfig } = CONFIG;
      const read = await unprotectPrivateMessage(
        secret,
        privateMessage,
        secrets,
        blank,
        context,
        keyRetentionConfig,
        suite,
        key,
      );
      expect(rawOf(read.content.content)).toBe(vector[kind]);
    }
  });

  test.each(vectors('transcript-hashes'))('transcript hashes', async (vector) => {
    const { hash } = await makeSuite(nobody);
    const { content, auth, wireformat } = whole(decodeAuthenticatedContent, vector.authenticated_content);
    if (auth.contentType !== 'commit') throw new Error('No commit.');
    const input = { wireformat, content: content as FramedContentCommit, signature: auth.signature };
    const confirmed = await createConfirmedHash(hex(vector.interim_transcript_hash_before), input, hash);
    expect(toHex(confirmed)).toBe(vector.confirmed_transcript_hash_after);
    const interim = await createInterimHash(confirmed, auth.confirmationTag, hash);
    expect(toHex(interim)).toBe(vector.interim_transcript_hash_after);
    expect(await createConfirmationTag(hex(vector.confirmation_key), confirmed, hash)).toEqual(auth.confirmationTag);
  });

  test.each(vectors('psk_secret'))('secrets of pre-shared keys', async (vector) => {
    const psks = vector.psks.map(({ psk_id, psk, psk_nonce }: any) => [
      { psktype: 'external', pskId: hex(psk_id), pskNonce: hex(psk_nonce) },
      hex(psk),
    ]);
    expect(toHex(await computePskSecret(psks, await makeSuite(nobody)))).toBe(vector.psk_secret);
  });

  test.each(vectors('welcome'))('welcome', async (vector) => {
    const suite = await makeSuite(nobody);
    const { keyPackage } = messageOf('mls_key_package', vector.key_package);
    const { welcome } = messageOf('mls_welcome', vector.welcome);
    const ref = await makeKeyPackageRef(keyPackage, suite.hash);
    const key = await suite.hpke.importPrivateKey(hex(vector.init_priv));
    const secrets = await decryptGroupSecrets(key, ref, welcome, suite.hpke);
    if (!secrets) throw new Error('No secrets.');
    const none = new Uint8Array(32);
    const info = await decryptGroupInfo(welcome, secrets.joinerSecret, none, suite);
    if (!info) throw new Error('No group info.');
    expect(await verifyGroupInfoSignature(info, hex(vector.signer_pub), suite.signature)).toBe(true);
    expect(await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, none, suite)).toBe(true);
  });
});

test.each(vectors('messages'))('messages are encoded as they were', (vector) => {
  for (const [name, digits] of Object.entries(vector) as [string, string][]) {
    if (/^(mls_|public_|private_)/.test(name))
      expect(toHex(encodeMlsMessage(whole(decodeMlsMessage, digits)))).toBe(digits);
  }
  expect(toHex(encodeRatchetTree(whole(decodeRatchetTree, vector.ratchet_tree)))).toBe(vector.ratchet_tree);
  expect(toHex(encodeCommit(whole(decodeCommit, vector.commit)))).toBe(vector.commit);
});

function rawOf(content: any): string {
  if (content.contentType === 'proposal') return toHex(encodeProposal(content.proposal));
  if (content.contentType === 'commit') return toHex(encodeCommit(content.commit));
  return toHex(content.applicationData);
}
