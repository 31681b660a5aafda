import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { GraphPlan, SessionThreads } from './graph-plan.ts';
import { GraphSession } from './graph-session.ts';
import type { Ort } from './load-ort.ts';

const profileSchema = z.array(z.object({ cat: z.string().optional(), args: z.object({ provider: z.string().optional() }).optional() }));

/**
 * Which providers the kernels of a graph really ran on, e.g. `{WebGpuExecutionProvider: 43, CPUExecutionProvider: 2}`, from
 * onnxruntime's own profile of one call: a session that was asked for one provider gives what that cannot do to the CPU, silently.
 */
export async function ranKernels(
  ort: Ort,
  plan: GraphPlan,
  provider: string,
  threads: SessionThreads,
): Promise<Readonly<Record<string, number>>> {
  const folder = await mkdtemp(join(tmpdir(), 'edgebind-profile-'));
  try {
    const session = await GraphSession.open(ort, plan, provider, threads, join(folder, 'profile'));
    try {
      await session.run(plan.probes.slice(0, 1));
    } finally {
      session.endProfiling();
      await session.release();
    }
    const kernels: Record<string, number> = {};
    // One file for each graph of a chain.
    for (const file of await readdir(folder)) {
      for (const { cat, args } of profileSchema.parse(JSON.parse(await readFile(join(folder, file), 'utf8')))) {
        if (cat === 'Node' && args?.provider) kernels[args.provider] = (kernels[args.provider] ?? 0) + 1;
      }
    }
    return kernels;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
