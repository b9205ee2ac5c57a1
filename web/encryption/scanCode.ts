interface Detector {
  detect(image: ImageBitmap): Promise<{ rawValue: string }[]>;
}
type Detectors = { BarcodeDetector?: new (options: { formats: string[] }) => Detector };

/** Whether this browser reads codes from pictures. */
export const mayScan = () => 'BarcodeDetector' in globalThis;

/** The bytes of the code on a picture, as QrCode draws it. Undefined when none is seen. */
export async function scanCode(picture: File): Promise<Uint8Array | undefined> {
  const { BarcodeDetector } = globalThis as Detectors;
  if (!BarcodeDetector) return undefined;
  const image = await createImageBitmap(picture);
  const [found] = await new BarcodeDetector({ formats: ['qr_code'] }).detect(image);
  image.close();
  const pairs = /^(?:[0-9A-F]{2})+$/.test(found?.rawValue ?? '') ? found?.rawValue.match(/../g) : undefined;
  return pairs ? Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16)) : undefined;
}
