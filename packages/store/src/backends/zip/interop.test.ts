/** Archives of other programs, and ours for them: Info-ZIP's zip and unzip, and Python's zipfile. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, suite, test } from 'node:test';
import { rejects, sample, sameBytes, stream } from '../../testing/context.ts';
import { zip } from '../../zip.ts';
import type { ZipArchive } from '../../zip.ts';

const folder = mkdtempSync(join(tmpdir(), 'cistern-zip-interop-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let names = 0;
function newPath(): string {
  return join(folder, `${++names}.zip`);
}

function missing(command: string, ...args: string[]): string | false {
  return spawnSync(command, args).status === 0 ? false : `${command} is not installed`;
}

const noZip = missing('zip', '-v');
const noUnzip = missing('unzip', '-v');
const noPython = missing('python3', '-c', 'import zipfile');

function python(code: string, ...args: string[]): string {
  return execFileSync(
    'python3',
    ['-c', `import sys, zipfile, struct\nargs = sys.argv[1:]\n${code}`, ...args],
    {
      encoding: 'utf8',
    },
  );
}

const FILES: Readonly<Record<string, Uint8Array>> = {
  empty: new Uint8Array(0),
  'small.txt': Buffer.from('hello, hello, hello'),
  'dir/random': sample(700_000),
  'dir/sub/zeros': new Uint8Array(3_000_000),
  'dir/text': Buffer.from('a line of text\n'.repeat(60_000)),
  'ümläut/日本語 🚰.txt': Buffer.from('not ASCII'),
};

async function keysOf(store: ZipArchive): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of store.keys()) keys.push(key);
  return keys.sort();
}

async function assertFiles(store: ZipArchive, files = FILES): Promise<void> {
  assert.deepEqual(await keysOf(store), Object.keys(files).sort());
  for (const [name, bytes] of Object.entries(files)) {
    sameBytes(await store.get(name).bytes(), bytes);
    const { size } = await store.head(name);
    assert.equal(size, bytes.byteLength);
    if (size < 10) continue;
    const range = { start: Math.floor(size / 3), end: Math.floor(size / 2) };
    sameBytes(await store.get(name, { range }).bytes(), bytes.subarray(range.start, range.end));
  }
}

function writeFiles(at: string): void {
  for (const [name, bytes] of Object.entries(FILES)) {
    mkdirSync(dirname(join(at, name)), { recursive: true });
    writeFileSync(join(at, name), bytes);
  }
}

async function putFiles(store: ZipArchive): Promise<void> {
  for (const [name, bytes] of Object.entries(FILES)) await store.put(name, bytes);
}

suite('zip: of other programs', () => {
  const variants = [['-r'], ['-0r'], ['-9r'], ['-rX'], ['-rfz']].flatMap((options) => [
    { options, LC_ALL: 'C' },
    { options, LC_ALL: 'C.UTF-8' },
  ]);
  for (const { options, LC_ALL } of variants) {
    test(`zip ${options.join(' ')}, with ${LC_ALL}`, { skip: noZip }, async () => {
      const path = newPath();
      const from = `${path}.files`;
      writeFiles(from);
      execFileSync('zip', ['-q', ...options, path, '.'], { cwd: from, env: { ...process.env, LC_ALL } });
      await using store = await zip(path);
      await assertFiles(store);
      const { mtimeMs } = statSync(join(from, 'small.txt'));
      const { lastModified } = await store.head('small.txt');
      assert.ok(Math.abs(lastModified.getTime() - mtimeMs) <= 2000, 'within the two seconds of MS-DOS');
    });
  }

  test('zip from a pipe, with sizes behind the bytes', { skip: noZip }, async () => {
    const path = newPath();
    const piped = execFileSync('zip', ['-q', '-', '-'], { input: 'from a pipe' });
    writeFileSync(path, piped);
    await using store = await zip(path);
    assert.equal(await store.get('-').text(), 'from a pipe');
  });

  test('behind a program that unpacks it, offsets adjusted or not', { skip: noZip || noUnzip }, async () => {
    const path = newPath();
    const from = `${path}.files`;
    writeFiles(from);
    execFileSync('zip', ['-q', '-r', path, '.'], { cwd: from });
    for (const adjusted of [false, true]) {
      const whole = `${path}.${adjusted}.exe.zip`;
      writeFileSync(whole, Buffer.concat([sample(70_001), readFileSync(path)]));
      if (adjusted) execFileSync('zip', ['-q', '-A', whole]);
      const store = await zip(whole);
      await assertFiles(store);
      // Written anew, what stands in front stays there.
      await store.put('more', 'more');
      await store.delete('dir/random');
      await store.close();
      sameBytes(readFileSync(whole).subarray(0, 70_001), sample(70_001));
      // It warns of what stands in front when nobody has adjusted the offsets.
      assert.equal(spawnSync('unzip', ['-tqq', whole]).status, adjusted ? 0 : 1);
      await using again = await zip(whole);
      assert.equal(await again.get('more').text(), 'more');
      sameBytes(await again.get('dir/text').bytes(), FILES['dir/text'] ?? new Uint8Array(0));
    }
  });

  test('Python: all that zipfile writes', { skip: noPython }, async () => {
    const path = newPath();
    const from = `${path}.files`;
    writeFiles(from);
    python(
      `z = zipfile.ZipFile(args[0], 'w')
for i, name in enumerate(args[2:]):
    method = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED][i % 2]
    with z.open(zipfile.ZipInfo(name), 'w', force_zip64=i % 3 == 0) as f: f.write(open(args[1] + '/' + name, 'rb').read())
    z.getinfo(name).compress_type
z.mkdir('folder') if hasattr(z, 'mkdir') else None
z.comment = b'a comment ' * 100
z.close()`,
      path,
      from,
      ...Object.keys(FILES),
    );
    await using store = await zip(path);
    await assertFiles(store);
  });

  test('Python: names of code page 437', { skip: noPython }, async () => {
    const path = newPath();
    python(
      `class Old(zipfile.ZipInfo):
    def _encodeFilenameFlags(self): return self.filename.encode('cp437'), self.flag_bits
z = zipfile.ZipFile(args[0], 'w')
z.writestr(Old('Zürich ░ñ'), b'old')
z.close()`,
      path,
    );
    await using store = await zip(path);
    assert.equal(await store.get('Zürich ░ñ').text(), 'old');
  });

  test('Python: 5 GiB away, by ZIP64', { skip: noPython }, async () => {
    const path = newPath();
    python(
      `f = open(args[0], 'wb+')
f.seek(5 * 2 ** 30)
f.write(b'x')
z = zipfile.ZipFile(f, 'a')
z.writestr('far', b'far away')
z.close()`,
      path,
    );
    await using store = await zip(path);
    assert.equal(await store.get('far').text(), 'far away');
  });

  test('encrypted entries are listed, and refused with a reason', { skip: noZip }, async () => {
    const path = newPath();
    writeFileSync(join(folder, 'secret'), 'secret');
    execFileSync('zip', ['-q', '-P', 'password', path, 'secret'], { cwd: folder });
    await using store = await zip(path);
    assert.deepEqual(await keysOf(store), ['secret']);
    await rejects(store.get('secret').bytes(), 'Unsupported');
    await rejects(store.copy('secret', 'copy'), 'Unsupported');
    await store.put('other', 'x');
    await store.flush();
    assert.equal(await store.get('other').text(), 'x');
    await rejects(store.get('secret').bytes(), 'Unsupported');
  });
});

suite('zip: for other programs', () => {
  test('unzip finds nothing wrong, and gets the same bytes', { skip: noUnzip }, async () => {
    const path = newPath();
    {
      await using store = await zip(path);
      await putFiles(store);
    }
    execFileSync('unzip', ['-tqq', path]);
    for (const [name, bytes] of Object.entries(FILES)) {
      if (name.includes('日')) continue;
      sameBytes(execFileSync('unzip', ['-p', path, name], { maxBuffer: 10_000_000 }), bytes);
    }
  });

  test('Python finds nothing wrong, after changes too', { skip: noPython }, async () => {
    const path = newPath();
    {
      await using store = await zip(path);
      await putFiles(store);
      await store.flush();
      await store.put('small.txt', 'overwritten');
      await store.delete('dir/text');
      await store.copy('dir/random', 'copy of random', { attributes: { contentType: 'a/b' } });
      await store.put('streamed', stream(sample(2_000_000, 3)));
    }
    const { 'dir/text': _gone, ...others } = FILES;
    const files = {
      ...others,
      'small.txt': Buffer.from('overwritten'),
      'copy of random': sample(700_000),
      streamed: sample(2_000_000, 3),
    };
    const out = `${path}.out`;
    const found = python(
      `z = zipfile.ZipFile(args[0])
assert z.testzip() is None
z.extractall(args[1])
print('\\n'.join(sorted(z.namelist())))`,
      path,
      out,
    );
    assert.deepEqual(found.trim().split('\n').sort(), Object.keys(files).sort());
    for (const [name, bytes] of Object.entries(files)) sameBytes(readFileSync(join(out, name)), bytes);
    await using again = await zip(path);
    await assertFiles(again, files);
    assert.equal((await again.head('copy of random')).attributes.contentType, 'a/b');
  });

  test(
    '100,000 entries, which need ZIP64: Python reads ours, and we read Python’s',
    { skip: noPython },
    async () => {
      const path = newPath();
      python(
        `z = zipfile.ZipFile(args[0], 'w')
for i in range(100000): z.writestr('dir%d/file%d' % (i % 100, i), b'content of %d' % i)
z.close()`,
        path,
      );
      {
        await using store = await zip(path);
        assert.equal(await store.get('dir45/file12345').text(), 'content of 12345');
        const prefixes: string[] = [];
        for await (const entry of store.list({ delimiter: '/' })) {
          prefixes.push(entry.type === 'prefix' ? entry.prefix : entry.key);
        }
        assert.equal(prefixes.length, 100);
        await store.put('one more', 'x');
        await store.delete('dir45/file12345');
      }
      const counted = python(
        `z = zipfile.ZipFile(args[0])
print(len(z.namelist()), z.read('dir99/file99999').decode(), z.read('one more').decode())`,
        path,
      );
      assert.equal(counted.trim(), '100000 content of 99999 x');
    },
  );
});
