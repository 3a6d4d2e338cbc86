/** Which names of settings hold secrets that sign, and which values of such names are none. */

/** The words of a name in lower case: `jwtSecret`, `JWT_SECRET` and `Jwt:Secret` alike. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== '');
}

/** The longest name that is read for words beside the name of a member in it, which may have many neighbours. In characters. */
const longestParent = 200;
const wordsOfParent = (parent: string) => wordsOf(parent.slice(0, longestParent));

/** Last words of names about a secret: where it is, what it is called, what shape it has. */
const aboutSecrets = new Set(
  `alg algorithm algorithms annotation arn backend class count days description detector detectors enabled encoding engine env error
  example expires expiry file format hint id kid kind label length manager message mount name names namespace operator path policy
  prefix property provider pub public ref refs required rotation scanner size source store template title ttl type uri url
  version volume`.split(/\s+/),
);
/** First words of names that ask or do something. */
const verbs = new Set(
  `allow ban can check create detect disable enable generate get has have hide include is manage mount needs no need require rotate
  show skip use uses wants with without`.split(/\s+/),
);
/** Words before `secret` in names of Kubernetes, Helm and charts: the value is the name of a Secret. */
const ofObjects =
  /(?:^|_)(?:existing|external|pull|image_pull|registry|docker|regcred|tls|cert|certificate|ca|kubernetes|k8s|sealed|agent_inject|inject|template)_secrets?(?:_keys?)?(?:_|$)/;

const signing = /(?:jwt|jws|token|signing|sign|hmac|hs256|hs384|hs512|auth|session|app)_?(?:signing_?)?key$/;

/** Whether a variable or a member of this name, in a member of the name `parent`, holds a secret that signs, or may. */
export function isSecretName(name: string, parent = ''): boolean {
  const words = wordsOf(name);
  const plain = words.join('_');
  if (aboutSecrets.has(words.at(-1) ?? '') || verbs.has(words[0] ?? '') || ofObjects.test(plain)) return false;
  return plain.includes('secret') || signing.test(plain) || (plain === 'key' && wordsOfParent(parent).includes('jwt'));
}

/** Whether a secret of this name signs tokens or sessions. Those of other services have lengths of their own. */
export function isTokenSecretName(name: string, parent = ''): boolean {
  const words = wordsOf(name);
  const plain = words.join('_');
  if (words.includes('webhook')) return false;
  if (/jwt|jws|token|sign|session|hmac|hs(?:256|384|512)|(?:^|_)(?:next|better)?auth(?:_|$)/.test(plain)) return true;
  if (/^(?:(?:app|django|flask|rails)_)?secrets?(?:_key(?:_base)?)?$/.test(plain)) return true;
  return (
    /^(?:base_?64_)?(?:secret|key)(?:_|$)/.test(plain) &&
    wordsOfParent(parent).some((word) => /^(?:jwt|jws)$/.test(word))
  );
}

/** Members whose values are versions, texts for people, or examples. */
const ofOtherThings =
  /^(?:(?:dev|peer|optional|bundled)?dependencies|require|require-dev|resolutions|overrides|engines|scripts|rules|annotations|labels|examples?|x-examples?|volumes|translations|messages)$/i;

/**
 * A language that files of texts are often named after, such as `de` or `pt-BR`. Other names of two letters are common in settings: `ci`,
 * `db`, `qa`.
 */
const language =
  /^(?:ar|bg|bn|ca|cs|da|de|el|en|es|et|fa|fi|fr|he|hi|hr|hu|id|it|ja|ko|lt|lv|ms|nb|nl|no|pl|pt|ro|ru|sk|sl|sr|sv|ta|th|tr|uk|ur|vi|zh)(?:[-_][A-Z]{2})?$/;
/** What folders and files of texts are called. */
const ofTexts = /(?:^|[._-])(?:locales?|i18n|l10n|lang|languages?|translations?)$/i;

/** Whether a file holds texts in a language: it is named after one, or after translations, as its folder may be. */
export function isTranslation(file: string, path: readonly string[]): boolean {
  const folders = file.split(/[\\/]/);
  const base = (folders.pop() ?? '').replace(/\.\w+$/, '');
  const plain = base.replace(/[._-]([a-z]{2}(?:[-_][A-Z]{2})?)$/, (end, name: string) =>
    language.test(name) ? '' : end,
  );
  return (
    language.test(base) ||
    plain === 'messages' ||
    [plain, ...folders.slice(-3)].some((name) => ofTexts.test(name)) ||
    (path.length > 1 && language.test(path[0] ?? ''))
  );
}

/** Whether each value of a file is the name of a variable, as the package config of Node has them. */
export function isListOfNames(file: string): boolean {
  return /(?:^|[\\/])custom-environment-variables\.\w+$/.test(file);
}

/** Whether a member of settings at this path, its own name last, holds no secret whatever its name. */
export function isOtherMember(path: readonly string[]): boolean {
  return path.slice(0, -1).some((name) => ofOtherThings.test(name));
}

/** Whether a value of settings is a switch, a version or a path. */
export function isNoSecretValue(value: string): boolean {
  return (
    /^(?:true|false|yes|no|on|off|null|none|inherit|enabled|disabled|required|optional|error|warn)$/i.test(value) ||
    /^(?:[\^~<>=v]{1,2}\s?\d[\w.*-]{0,20}|\d{1,4}\.\d{1,5}(?:\.[\w-]{1,20})*)$/.test(value) ||
    /^(?:\.{0,2}\/[\w./-]+|[\w/-]+\.(?:pem|key|jwks?|json))$/.test(value)
  );
}
