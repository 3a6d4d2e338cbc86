/** Reports a tool that is not installed: a failure where JWTKIT_REQUIRE_PEERS asks for it, else a reason to skip. */
export function reportMissing(report, { name, packages }) {
  const isRequired = process.env.JWTKIT_REQUIRE_PEERS === '1';
  const way = packages.startsWith('npm') ? packages : `Debian: apt-get install ${packages}`;
  report(isRequired ? 'failed' : 'skipped', `${isRequired ? 'FAILED' : 'skipped'}: ${name} is not installed (${way})`);
}
