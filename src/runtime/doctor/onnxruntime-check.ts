import { messageOf } from '../../core/errors.ts';
import { loadOrt } from '../../encoders/load-ort.ts';
import type { Finding } from './finding.ts';

/** Version of onnxruntime, which build of it, and the providers that this build says it has; whether they run is for the graphs to show. */
export async function onnxruntimeCheck(binding: string | undefined): Promise<Finding> {
  const check = 'onnxruntime';
  const named = binding ?? process.env['EDGEBIND_ORT_BINDING'];
  const whose = named ? `from ${named}` : 'as shipped';
  try {
    const { env, listSupportedBackends } = await loadOrt(binding);
    const built = listSupportedBackends()
      .map(({ name }) => name)
      .join(', ');
    return { check, status: 'ok', found: `${env.versions.node ?? env.versions.common} ${whose}, built with ${built}` };
  } catch (error) {
    const todo = named
      ? 'set encoders.binding to the folder of a build of onnxruntime-node for this machine, or leave it out'
      : 'npm install again on this machine: its binary is for Linux, macOS and Windows on x64 and arm64';
    return { check, status: 'fail', found: messageOf(error).split('\n')[0] ?? '', todo };
  }
}
