/** The journal in a folder of its own. */

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { fileJournal, journalFolder } from './journal.ts';

const root = mkdtempSync(join(tmpdir(), 'cistern-journal-'));
after(() => rmSync(root, { recursive: true, force: true }));

const unexpected = (error: Error): void => assert.fail(error);

suite('journal', () => {
  test('keeps texts by name for whoever comes later, readable by the owner alone', async () => {
    const folder = journalFolder({ XDG_STATE_HOME: join(root, 'kept') });
    const journal = fileJournal(folder, unexpected);
    assert.equal(await journal.read('a/../b'), undefined);
    await journal.write('a/../b', 'one');
    await journal.write('a/../b', 'two');
    await journal.write('other', '3');
    assert.equal(await fileJournal(folder, unexpected).read('a/../b'), 'two');
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    const [first = '', ...rest] = readdirSync(folder);
    assert.equal(rest.length, 1, 'no drafts are left');
    assert.match(first, /^[0-9a-f]{64}\.json$/);
    assert.equal(statSync(join(folder, first)).mode & 0o777, 0o600);
    await journal.remove('a/../b');
    await journal.remove('a/../b');
    assert.equal(await journal.read('a/../b'), undefined);
    assert.equal(await journal.read('other'), '3');
  });

  test('forgets what is a month old when it next writes', async () => {
    const folder = join(root, 'old');
    const journal = fileJournal(folder, unexpected);
    await journal.write('old', '1');
    await journal.write('young', '2');
    const [name = ''] = readdirSync(folder);
    const dayS = 24 * 60 * 60;
    utimesSync(join(folder, name), Date.now() / 1000 - 31 * dayS, Date.now() / 1000 - 31 * dayS);
    await fileJournal(folder, unexpected).write('new', '3');
    assert.equal(readdirSync(folder).length, 2);
    assert.ok(!readdirSync(folder).includes(name));
  });

  test('a folder that cannot be written is said once', async () => {
    writeFileSync(join(root, 'file'), '');
    const errors: Error[] = [];
    const journal = fileJournal(join(root, 'file', 'below'), (error) => errors.push(error));
    await assert.rejects(journal.write('a', '1'), { code: 'ENOTDIR' });
    await assert.rejects(journal.write('b', '2'), { code: 'ENOTDIR' });
    assert.equal(await journal.read('a'), undefined);
    assert.equal(errors.length, 1);
  });
});
