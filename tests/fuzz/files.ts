import type { Draw } from './values.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const chunk = (name: string, length = 13) =>
  Buffer.concat([hex(length.toString(16).padStart(8, '0')), Buffer.from(name)]);

/** How files of many kinds begin: what the server looks at to know the kind, and what its readers read first. */
const HEADS = [
  Buffer.concat([
    hex('89504e470d0a1a0a'),
    chunk('IHDR'),
    hex('0000ffff 0000ffff 08 06 00 00 00 00000000'),
    chunk('IDAT', 9),
  ]),
  Buffer.concat([hex('89504e470d0a1a0a'), chunk('acTL', 8), chunk('IHDR')]),
  hex('ffd8ffe0 0010 4a464946 0001 01 01 0048 0048 00 00 ffe1 ffff 45786966 0000 4d4d 002a ffffffff'),
  Buffer.concat([Buffer.from('GIF89a'), hex('ffff ffff f7 00 00 21f904 05 0000 00 00 2c 0000 0000 ffff ffff 00 08')]),
  Buffer.concat([
    Buffer.from('RIFF'),
    hex('ffffff7f'),
    Buffer.from('WEBPVP8X'),
    hex('0a000000 02 000000 ffffff ffffff'),
  ]),
  Buffer.concat([hex('00000020'), Buffer.from('ftypavif'), hex('00000000'), Buffer.from('avifmif1miaf')]),
  Buffer.concat([hex('00000018'), Buffer.from('ftypheic'), hex('00000000'), Buffer.from('mif1heic')]),
  hex('49492a00 08000000 ffff 0001 0400 01000000 ffffffff'),
  hex('4d4d002a 00000008 0001 0100 0003 00000001'),
  hex('504b0304 1400 0008 0800 00000000 00000000 ffffffff ffffffff ffff ffff'),
  ...[
    '%PDF-1.7\n%',
    '<svg xmlns="http://www.w3.org/2000/svg"><script/>',
    '<?xml version="1.0"?><!DOCTYPE x [',
    '\x7fELF',
    'ID3\x04',
  ],
  ...[
    'OggS\0',
    'fLaC\0',
    'MZ\x90\0',
    '\x1aE\xdf\xa3',
    '7z\xbc\xaf\x27\x1c',
    'Rar!\x1a\x07',
    '\x1f\x8b\x08',
    'BM',
    '{\\rtf',
    '#!/bin/sh',
  ],
].map((head) => (typeof head === 'string' ? Buffer.from(head, 'latin1') : head));

/** The bytes of a file that says to be one thing, and whatever follows. */
export function drawFile(draw: Draw): Buffer {
  const head = Buffer.from(draw.one(HEADS));
  for (let n = draw.below(4); n > 0; n--) head[draw.below(head.length)] = draw.below(256);
  const rest = draw.rarely(20) ? draw.one(HEADS) : draw.bytes(60);
  return Buffer.concat([draw.rarely(10) ? head.subarray(0, draw.below(head.length)) : head, rest]);
}

/** What a program says about the piece that it sends. */
export function drawPieceHeaders(draw: Draw): Record<string, string> {
  if (!draw.rarely(25)) return {};
  const offset = draw.one(['-1', '1', '0x0', '', '1e3', '99999999999', '0000', '9007199254740993', 'NaN']);
  return draw.one<Record<string, string>>([
    { 'upload-offset': offset },
    { 'content-type': 'text/plain' },
    { 'tus-resumable': '9' },
    { 'upload-length': offset },
  ]);
}
