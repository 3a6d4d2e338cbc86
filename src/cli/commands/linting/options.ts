import type { Level } from '../../../report/report.js';
import type { Flags, Lists, Texts } from '../../grammar/option.js';
import type { ReportOptions } from '../../grammar/report-options.js';

/** The options of `lint`. */
export type LintOptions = ReportOptions &
  Texts<'tokenFile' | 'tokenEnv' | 'issuerUrl' | 'jwks' | 'timeout' | 'wordlist' | 'at'> &
  Lists<'rule'> &
  Flags<'listRules' | 'insecureHttp'> & { failOn?: Level | 'never' };
