/** "43 kernels on WebGpu, 2 on CPU": on which providers the kernels of a graph really ran. */
export const kernelWords = (kernels: Readonly<Record<string, number>>): string =>
  Object.entries(kernels)
    .sort(([, a], [, b]) => b - a)
    .map(([provider, count], i) => `${count}${i === 0 ? ' kernels' : ''} on ${provider.replace(/ExecutionProvider$/, '')}`)
    .join(', ');
