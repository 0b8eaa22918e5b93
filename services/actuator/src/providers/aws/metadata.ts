/** Shell on an instance that prints one entry of its metadata; the second version of the service asks for a token first. */
const metadata = (entry: string) =>
  `curl -sf -m 10 -H "X-aws-ec2-metadata-token: $(curl -sf -m 10 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)" http://169.254.169.254/latest/meta-data/${entry}`;

/** As `providerIdOf` writes it. */
export const PROVIDER_ID_COMMAND = `echo "aws:///$(${metadata('placement/availability-zone')})/$(${metadata('instance-id')})"`;

/** The node's name, which we have tagged the instance with. */
export const NODE_NAME_COMMAND = metadata('tags/instance/forescale:node');
