/**
 * Joins what the command line and each of its threads load of our sources into a few files of JavaScript: a start spends half of
 * its processor time on finding, reading and joining some 700 modules otherwise. What we depend on stays outside, and is
 * imported as ever. The launcher takes the bundle for as long as the sources are those that it was made of.
 */

import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import type { Plugin } from 'rolldown';

const PACKAGES = fileURLToPath(new URL('../packages', import.meta.url));
const CLI = join(PACKAGES, 'cistern', 'src');

export interface BundleOptions {
  /** Made anew. In the package `cistern`, whose launcher looks for it in `dist/bundle`. */
  readonly outDir: string;
  /** Where the modules of that package are, from there: what they read beside themselves stays there. */
  readonly modules: { readonly folder: string; readonly extension: '.ts' | '.js' };
  /** Whether the bundle says of which sources it was made: where these may change. */
  readonly sourcesMayChange: boolean;
}

/** Made beside its place and moved there whole: a server that starts meanwhile finds none. */
export async function bundle(options: BundleOptions): Promise<void> {
  const { outDir } = options;
  const made = `${outDir}.${process.pid}`;
  const sources = new Set<string>();
  try {
    const build = await rolldown({
      input: { cli: join(CLI, 'cli.ts') },
      platform: 'node',
      external: (id) => !/^\.|^@cistern\//.test(id) && !isAbsolute(id),
      treeshake: { moduleSideEffects: false },
      plugins: [addresses(options, sources)],
    });
    await build.write({ dir: made, format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name].js' });
    const stated = options.sourcesMayChange ? [...sources].sort().map((path) => state(path, outDir)) : [];
    writeFileSync(join(made, 'sources.json'), JSON.stringify(stated));
    rmSync(outDir, { recursive: true, force: true });
    mkdirSync(dirname(outDir), { recursive: true });
    renameSync(made, outDir);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** As the launcher compares it, its path from the bundle; whole seconds, because archives keep no more. */
function state(path: string, from: string): readonly [path: string, size: number, seconds: number] {
  const { size, mtimeMs } = statSync(path);
  return [relative(from, path).replaceAll('\\', '/'), size, Math.floor(mtimeMs / 1000)];
}

/** A thread's entry becomes a file of the bundle; everything else that is named by its place stays there. */
function addresses({ modules }: BundleOptions, sources: Set<string>): Plugin {
  return {
    name: 'addresses',
    transform(code, id) {
      if (!id.startsWith(PACKAGES)) return null;
      sources.add(id);
      const threads = code.replaceAll(/siblingModule\(import\.meta\.url, '([^']+)'\)/g, (_, path: string) => {
        const entry = `${resolve(dirname(id), path)}.ts`;
        const name = relative(PACKAGES, entry).replaceAll(/[\\/]/g, '-').replace(/\.ts$/, '');
        this.emitFile({ type: 'chunk', id: entry, name });
        return `new URL('./${name}.js', IMPORT_META_URL)`;
      });
      const places = threads.replaceAll(/(?<=[ (])import\.meta\.url/g, () => {
        const path = relative(CLI, id).replaceAll('\\', '/').replace(/\.ts$/, modules.extension);
        if (path.startsWith('..')) throw new Error(`${id} is not of the package that the bundle is in`);
        return `new URL('${modules.folder}/${path}', IMPORT_META_URL).href`;
      });
      return places.replaceAll('IMPORT_META_URL', 'import.meta.url');
    },
  };
}
