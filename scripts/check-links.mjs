// Every link of the README and the docs that points into the tree points at something: files, pictures, and headings of pages.
import { existsSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join, relative } from 'node:path';
import { root } from './steps.mjs';

/** Pages as the checkout has them, new ones included; without git (an unpacked archive) there is nothing to check. */
function pages() {
  try {
    const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.md'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return listed
      .toString()
      .split('\0')
      .filter((path) => path !== '' && existsSync(join(root, path)));
  } catch {
    return [];
  }
}

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');

const withoutCode = (text) => text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');

const anchorsOf = (file) =>
  [
    ...readFileSync(file, 'utf8')
      .replace(/^```[\s\S]*?^```/gm, '')
      .matchAll(/^#+ (.*)$/gm),
  ].map(([, heading]) => anchorOf(heading));

const broken = pages().flatMap((page) => {
  const file = join(root, page);
  return [...withoutCode(readFileSync(file, 'utf8')).matchAll(/\]\(<?([^)>\s]+)>?(?:\s+"[^"]*")?\)/g)].flatMap(([, target]) => {
    if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return [];
    const [path, anchor] = decodeURIComponent(target).split('#');
    const at = path === '' ? file : join(dirname(file), path);
    if (!existsSync(at)) return [`${page}: ${target} leads to ${relative(root, at)}, which is not there`];
    return anchor === undefined || !at.endsWith('.md') || anchorsOf(at).includes(anchor)
      ? []
      : [`${page}: ${target}: there is no such heading`];
  });
});
for (const line of broken) console.error(line);
process.exit(broken.length > 0 ? 1 : 0);
