/** Rules about what a payload must not say: everybody who holds a token can read it. */
import { isJsonObject, own } from '../../jose/json.js';
import { holdsSecret } from '../../jose/jwk.js';
import { headerOf } from '../../token/token-runs.js';
import { token } from '../example.js';
import { type Remark, rule, type Subjects } from '../rule.js';

const readable = 'tutorial, pitfall "secrets in the payload"; OWASP JWT cheat sheet';
const deepest = 8;
const mostRemarks = 5;
/** The longest name that is read for words, in characters: each member of a list in it is judged by it. */
const longestName = 200;

/** Returns a remark for each claim, however deep, that a test finds; it shows the name of the claim, never its value. */
function claimsThat(
  { claims }: Subjects['token'],
  test: (name: string, value: unknown) => string | false | undefined,
): Remark[] {
  const remarks: Remark[] = [];
  /** `word` is the last name of the path that is no number. */
  const visit = (value: unknown, path: readonly string[], word: string): void => {
    if (remarks.length >= mostRemarks || path.length > deepest) return;
    const said = path.length > 0 && test(word, value);
    if (said) remarks.push({ message: said, part: `claims.${path.join('.')}`.slice(0, 120) });
    else if (Array.isArray(value) || isJsonObject(value)) {
      for (const [name, member] of Object.entries(value))
        visit(member, [...path, name], /^\d+$/.test(name) ? word : name.slice(0, longestName));
    }
  };
  visit(claims, [], '');
  return remarks;
}

const plain = (name: string) => name.toLowerCase().replace(/[^a-z]/g, '');
/** Whether a name asks a question, such as `hasPassword`. Its value is no secret. */
const isQuestion = (name: string) => /^(?:has|is|uses?|needs?|requires?|can|with|no)(?:[_-]|(?=[A-Z]))/.test(name);
/** Words that stand for a way to prove who somebody is (RFC 8176), or for a switch. */
const isMethod = (value: unknown) =>
  typeof value === 'string' && /^(?:pwd|otp|pin|mfa|sms|hwk|swk|fpt|kba|yes|no|true|false|none)$/i.test(value);
/** A code of digits, as a number. */
const isCode = (value: unknown) => typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 1e12;
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Whether digits are a card number: length, first digits and Luhn's check digit. */
function isCardNumber(value: unknown): boolean {
  const digits = typeof value === 'string' || typeof value === 'number' ? String(value).replace(/[ -]/g, '') : '';
  if (
    !/^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[068]\d{12}|6(?:011|5\d\d)\d{12}|35\d{14})$/.test(
      digits,
    )
  )
    return false;
  const sum = [...digits].reverse().reduce((total, digit, at) => {
    const doubled = Number(digit) * (at % 2 === 0 ? 1 : 2);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

const knownKeys =
  /-----BEGIN [A-Z ]*PRIVATE KEY|^AKIA[A-Z\d]{16}$|^(?:gh[pousr]|npm)_\w{36,}$|^github_pat_\w{50,}$|^sk_(?:live|test)_\w{16,}$|^sk-[\w-]{32,}$|^xox[abp]-|^AIza[\w-]{35}$|^glpat-/;
/** An address with a password, as those of databases have it. */
const withPassword = /^[a-z][a-z\d+.-]{1,30}:\/\/[^\s/?#:@]{0,100}:[^\s/?#@]{1,200}@/i;

const isPrivateJwk = (value: unknown) => isJsonObject(value) && own(value, 'kty') !== undefined && holdsSecret(value);

/** Whether a value can be what its name says: a telephone has digits, and the address of a house has words. */
function isPersonal(name: string, value: unknown): boolean {
  if (typeof value !== 'string') return true;
  if (/^(?:phone|phonenumber|mobile)$/.test(name)) return /\d.*\d.*\d/.test(value);
  return name !== 'address' || /\S\s+\S/.test(value);
}

export const payloadRules = [
  rule({
    id: 'token/password-in-payload',
    level: 'error',
    about: 'token',
    means: 'The payload holds a password or its hash. It is not encrypted: everybody with the token can read it.',
    help: 'change that password and remove the claim; what the recipient must read, encrypt: jwtkit issue --encrypt-to KEY',
    source: readable,
    bad: token({ user: { password: 'wonderland' } }),
    good: token({ password_changed: false }),
    check: (value) =>
      claimsThat(value, (name, claim) => {
        const isOne =
          /^(?:\w*(?:password|passwd|passphrase)(?:hash|digest)?|pwd|pin|otp|passcode)$/.test(plain(name)) &&
          !isMethod(claim) &&
          (isText(claim) || (/^(?:pin|otp|passcode|password|pwd)$/.test(plain(name)) && isCode(claim)));
        return (
          (isOne || (isText(claim) && /^\$(?:2[abxy]|argon2\w*|[156]|scrypt)\$/.test(claim))) &&
          'the claim holds a password or its hash'
        );
      }),
  }),
  rule({
    id: 'token/key-in-payload',
    level: 'error',
    about: 'token',
    means: 'The payload holds a key or a secret of another system. It is not encrypted.',
    help: 'replace that key and remove the claim; what the recipient must read, encrypt: jwtkit issue --encrypt-to KEY',
    source: readable,
    bad: token({ api_key: 'k-7f3a9c' }),
    good: token({ key_id: '7f3a9c' }),
    check: (value) =>
      claimsThat(value, (name, claim) => {
        const isOne = /^\w*(?:secret|secretkey|privatekey|apikey|accesskey|credentials?|connectionstring)$/.test(
          plain(name),
        );
        return (
          ((isOne && isText(claim) && !isQuestion(name) && !isMethod(claim)) ||
            (isText(claim) && (knownKeys.test(claim) || withPassword.test(claim))) ||
            isPrivateJwk(claim)) &&
          'the claim holds a key or a secret'
        );
      }),
  }),
  rule({
    id: 'token/token-in-payload',
    level: 'warning',
    about: 'token',
    means: 'The payload holds another token: anybody who reads the outer one can use the inner one.',
    help: 'keep the inner token on the server, or encrypt the outer one: jwtkit issue --encrypt-to KEY',
    source: readable,
    bad: token({ upstream: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEyMyJ9.AAAA' }),
    good: token({ upstream: 'https://issuer.example' }),
    check: (value) =>
      claimsThat(
        value,
        (_, claim) =>
          isText(claim) &&
          /^e[\w-]+\.[\w-]+\./.test(claim) &&
          headerOf(claim) !== undefined &&
          'the claim holds a token',
      ),
  }),
  rule({
    id: 'token/card-number',
    level: 'error',
    about: 'token',
    means: 'The payload holds the number of a payment card.',
    help: 'remove the claim, or encrypt the token: jwtkit issue --encrypt-to KEY; the card industry allows no storing of it in the clear',
    source: `PCI DSS 3.5; ${readable}`,
    bad: token({ card: '4111 1111 1111 1111' }),
    good: token({ card_last_four: '1111' }),
    check: (value) =>
      claimsThat(
        value,
        (name, claim) =>
          !/^(?:sub|jti|sid|iss|aud|azp|client_id|\w*_?id|\w+Id)$/.test(name) &&
          isCardNumber(claim) &&
          'the claim holds a card number',
      ),
  }),
  rule({
    id: 'token/email-in-payload',
    level: 'warning',
    about: 'token',
    means:
      'The payload holds an e-mail address, which stays in logs, browsers and the history of every service that the token passes.',
    help: 'name the user by an identifier in sub; services ask for the address where they need it',
    source: `RFC 7519 §12; ${readable}`,
    bad: token({ sub: 'alice@example.com' }),
    good: token({ sub: 'user-123', email_verified: true }),
    check: (value) =>
      value.claims.nonce === undefined &&
      claimsThat(
        value,
        (_, claim) =>
          isText(claim) &&
          claim.length < 320 &&
          /^[^\s@]+@[^\s@]+\.[a-z]{2,}$/i.test(claim) &&
          !/^\w+:/.test(claim) &&
          !/\.gserviceaccount\.com$/.test(claim) &&
          'the claim holds an e-mail address',
      ),
  }),
  rule({
    id: 'token/personal-data',
    level: 'warning',
    about: 'token',
    means: 'The payload holds personal data: everybody with the token can read it, and services log tokens.',
    help: 'name the user by an identifier in sub; services ask for the rest where they need it; or encrypt the token: jwtkit issue --encrypt-to KEY',
    source: `RFC 7519 §12; ${readable}`,
    bad: token({ phone_number: '+1 555 0100' }),
    good: token({ tenant: 'acme' }),
    check: (value) =>
      value.claims.nonce === undefined &&
      claimsThat(value, (name, claim) => {
        const isOne =
          /^(?:phone|phonenumber|mobile|birthdate|birthday|dateofbirth|dob|gender|ssn|socialsecurity\w*|nationalid|passport\w*|iban|address|streetaddress|homeaddress|taxid)$/.test(
            plain(name),
          );
        const isEmpty = claim === null || claim === '' || typeof claim === 'boolean';
        return isOne && !isEmpty && isPersonal(plain(name), claim) && 'the claim holds personal data';
      }),
  }),
];
