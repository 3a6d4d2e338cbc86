/** Which unnamed files and folders are used, by the users who can change them. */
import { chmodSync, chownSync, lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { JwtkitError } from '../../src/errors.js';
import { expectTrusted } from '../../src/files/trusted-place.js';
import { describeAsRoot } from '../programs.js';

const [me, other] = [12_345, 12_346];
/** A group that several users share. */
const shared = 50;

const root = mkdtempSync(join(tmpdir(), 'jwtkit-place-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A working folder, and the keyring in it. */
let [home, keyring] = ['', ''];
beforeEach(() => {
  chmodSync(root, 0o755);
  home = mkdtempSync(join(root, 'home-'));
  keyring = join(home, '.jwtkit');
});

interface Owned {
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
}

function own(path: string, { uid = me, gid = uid, mode }: Owned): string {
  chownSync(path, uid, gid);
  if (mode !== undefined) chmodSync(path, mode);
  return path;
}

function folder(path: string, owned: Owned = {}): string {
  mkdirSync(path);
  return own(path, { mode: 0o700, ...owned });
}

function file(path: string, owned: Owned = {}): string {
  writeFileSync(path, '');
  return own(path, { mode: 0o600, ...owned });
}

function link(path: string, target: string, uid = me): string {
  symlinkSync(target, path);
  lchownSync(path, uid, uid);
  return path;
}

/** A whole keyring of `me`, and one thing that is as the test wants it. */
function makeKeyring(name = '', owned: Owned = {}): string {
  folder(keyring);
  folder(join(keyring, 'denylist'));
  folder(join(keyring, '.lock'));
  for (const each of ['jwks.json', 'k1.pem', 'users.json', 'denylist/data.mdb', '.lock/data.mdb']) {
    file(join(keyring, each));
  }
  if (Object.keys(owned).length > 0) own(join(keyring, name), owned);
  return keyring;
}

/** What becomes of a place in the eyes of a user: the remarks for root, or the code and the message. */
function judge(path: string, uid = me, gid = uid): unknown {
  process.setegid?.(gid);
  process.seteuid?.(uid);
  try {
    return expectTrusted(path, 'the way out');
  } catch (error) {
    if (!(error instanceof JwtkitError)) throw error;
    return `${error.code}: ${error.message.replaceAll(home, '~')}`;
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

const trusted: readonly string[] = [];
const others = (what: string) =>
  expect.stringMatching(new RegExp(`^FILE_NOT_TRUSTED: .*others may write to ${what} \\(`));
const owned = (what: string) => expect.stringMatching(new RegExp(`^FILE_NOT_TRUSTED: .*another user owns ${what} \\(`));

describeAsRoot('a place that the user did not name', () => {
  beforeEach(() => void own(home, { mode: 0o755 }));

  test.each([
    ['is not there', () => keyring, trusted],
    ['is a whole keyring', () => makeKeyring(), trusted],
    ['others may read', () => makeKeyring('', { mode: 0o755 }), trusted],
    ['belongs to root', () => makeKeyring('', { uid: 0, mode: 0o755 }), trusted],
    ['the group of its owner alone may write', () => makeKeyring('', { mode: 0o775 }), trusted],
    ['the group of root alone may write', () => makeKeyring('', { uid: 0, mode: 0o775 }), trusted],
    ['belongs to another', () => makeKeyring('', { uid: other }), owned('it')],
    ['a shared group may write', () => makeKeyring('', { gid: shared, mode: 0o770 }), others('it')],
    ['everybody may write', () => makeKeyring('', { mode: 0o707 }), others('it')],
    ['everybody may add to, but not remove from', () => makeKeyring('', { mode: 0o1777 }), others('it')],
  ] as [string, () => string, unknown][])('that %s', (_, arrange, expected) => {
    expect(judge(arrange())).toEqual(expected);
  });

  test.each(['jwks.json', 'k1.pem', 'users.json', 'denylist', 'denylist/data.mdb', '.lock/data.mdb'])(
    'in which %s is not its user’s alone is refused',
    (name) => {
      makeKeyring();
      const path = join(keyring, name);
      for (const [wrong, expected] of [
        [{ uid: other }, owned(`~/.jwtkit/${name}`)],
        [{ mode: 0o666 }, others(`~/.jwtkit/${name}`)],
        [{ gid: shared, mode: 0o660 }, others(`~/.jwtkit/${name}`)],
      ] as const) {
        expect(judge(own(path, wrong) && keyring)).toEqual(expected);
        own(path, { mode: 0o700 });
        expect(judge(keyring)).toEqual(trusted);
      }
    },
  );

  test('is refused if its group has the number of its owner but is not that of the user', () => {
    expect(judge(makeKeyring('', { mode: 0o775 }), me, shared)).toEqual(others('it'));
  });

  test('is trusted although it contains a folder that the user cannot open', () => {
    makeKeyring('.lock', { uid: 0, mode: 0o700 });
    expect(judge(keyring)).toEqual(trusted);
    own(join(keyring, '.lock'), { uid: 0, mode: 0o711 });
    expect(judge(keyring)).toMatch(/^FILE_NOT_READABLE: /);
  });

  test.each([
    ['everybody may write', { mode: 0o777 }, others('~')],
    ['a shared group may write', { gid: shared, mode: 0o775 }, others('~')],
    ['another owns', { uid: other, mode: 0o755 }, owned('~')],
    ['the user’s own group may write', { mode: 0o775 }, trusted],
    ['everybody may write, but each removes but his own, as in /tmp', { uid: 0, mode: 0o1777 }, trusted],
  ] as [string, Owned, unknown][])('in a folder that %s', (_, parent, expected) => {
    makeKeyring();
    own(home, parent);
    expect(judge(keyring)).toEqual(expected);
  });

  test('is not refused if it does not exist', () => {
    own(home, { mode: 0o777 });
    expect(judge(keyring)).toEqual(trusted);
  });

  describe('that is a link', () => {
    let elsewhere = '';
    beforeEach(() => {
      elsewhere = folder(join(mkdtempSync(join(root, 'elsewhere-')), 'in'), { mode: 0o755 });
      own(join(elsewhere, '..'), { mode: 0o755 });
    });
    const target = (owned: Owned = {}) => folder(join(elsewhere, 'keyring'), owned);

    test.each([
      ['to a folder of the user', () => link(keyring, target()), trusted],
      [
        'by a relative path',
        () => link(keyring, join('..', elsewhere.slice(root.length + 1), 'keyring')) && target(),
        trusted,
      ],
      ['to nothing', () => link(keyring, join(elsewhere, 'none')), trusted],
      ['to the folder that it lies in', () => link(keyring, '.'), trusted],
      ['to the folder above a folder', () => link(keyring, `${target()}/..`), trusted],
      [
        'to the folder above a folder, which everybody may write',
        () => link(keyring, `${target()}/..`) && own(elsewhere, { mode: 0o777 }),
        others('.*/in'),
      ],
      ['of another', () => link(keyring, target(), other), owned('it')],
      ['to a folder of another', () => link(keyring, target({ uid: other })), owned('.*elsewhere-.*/in/keyring')],
      ['to a folder that everybody may write', () => link(keyring, target({ mode: 0o777 })), others('.*/in/keyring')],
      ['to itself', () => link(keyring, keyring), expect.stringContaining('too many symbolic links')],
      [
        'through a folder that everybody may write',
        () => own(elsewhere, { mode: 0o777 }) && link(keyring, target()),
        others('.*/in'),
      ],
      [
        'through a sticky folder to a folder of the user',
        () => own(elsewhere, { uid: 0, mode: 0o1777 }) && link(keyring, target()),
        trusted,
      ],
      [
        'to a link that another put into a sticky folder',
        () => {
          own(elsewhere, { uid: 0, mode: 0o1777 });
          link(join(elsewhere, 'second'), target(), other);
          return link(keyring, join(elsewhere, 'second'));
        },
        owned('.*/in/second'),
      ],
    ] as [string, () => string, unknown][])('%s', (_, arrange, expected) => {
      arrange();
      expect(judge(keyring)).toEqual(expected);
    });

    test('from a file in it to one of another', () => {
      makeKeyring();
      rmSync(join(keyring, 'jwks.json'));
      link(join(keyring, 'jwks.json'), file(join(elsewhere, 'jwks.json'), { uid: other }));
      expect(judge(keyring)).toEqual(owned('.*/in/jwks.json'));
    });
  });

  test('root accepts any owner, with a note, but no folder that everybody may write', () => {
    makeKeyring('denylist', { uid: other });
    expect(judge(keyring, 0)).toEqual([`belongs to uid ${me} and uid ${other}`]);
    own(keyring, { uid: other, mode: 0o775 });
    own(home, { uid: me, mode: 0o777 });
    expect(judge(keyring, 0)).toEqual([`belongs to uid ${other} and uid ${me}`]);
    own(keyring, { gid: shared, mode: 0o775 });
    expect(judge(keyring, 0)).toEqual(others('it'));
    own(keyring, { mode: 0o777 });
    expect(judge(keyring, 0)).toEqual(others('it'));
  });

  test('root alone accepts a file that everybody may write, with a note', () => {
    const policy = file(join(home, 'policy.json'), { uid: 0, mode: 0o666 });
    expect(judge(policy, 0)).toEqual(['may be written by others']);
    own(policy, { mode: 0o666 });
    expect(judge(policy, 0)).toEqual([`belongs to uid ${me}`, 'may be written by others']);
    expect(judge(policy)).toEqual(others('it'));
  });
});

test('refuses a place that others may write, for every user', () => {
  mkdirSync(keyring);
  expect(expectTrusted(keyring, '')).toEqual([]);
  chmodSync(keyring, 0o777);
  if (process.platform === 'win32') return;
  expect(() => expectTrusted(keyring, 'the way out')).toThrow(
    expect.objectContaining({
      code: 'FILE_NOT_TRUSTED',
      hint: 'the way out; or chown and chmod it so that only you can write it',
    }),
  );
});
