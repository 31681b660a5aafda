/** What we use of WebAssembly: its types are otherwise those of browsers only. */
declare namespace WebAssembly {
  const Module: new (bytes: Uint8Array) => object;
  const Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
  interface Memory {
    readonly buffer: ArrayBuffer;
    /** By so many pages of 64 KiB; `buffer` is another one after it. */
    grow(pages: number): number;
  }
}
