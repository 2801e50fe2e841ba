// A client of the control service on grpc-js: client.js ADDRESS PROTO_DIRECTORY CASE prints what the case saw.
'use strict';
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [address, protos, name] = process.argv.slice(2);
const definition = loader.loadSync('dataplane/v1/control.proto', { includeDirs: [protos], keepCase: true, longs: Number });
const { Control } = grpc.loadPackageDefinition(definition).dataplane.v1;
const client = new Control(address, grpc.credentials.createInsecure());

const unary = (method, request, options = {}) =>
  new Promise((resolve, reject) => client[method](request, options, (error, answer) => (error ? reject(error) : resolve(answer))));

const stream = (call, onRow) =>
  new Promise((resolve, reject) => {
    let rows = 0;
    call.on('data', (row) => {
      onRow?.(row, rows);
      rows++;
    });
    call.on('error', reject);
    call.on('end', () => resolve(`${rows} rows`));
  });

const raw = (method, bytes) =>
  new Promise((resolve, reject) =>
    client.makeUnaryRequest(`/dataplane.v1.Control/${method}`, (x) => x, (x) => x, bytes, (error, answer) => (error ? reject(error) : resolve(answer))));

const cases = {
  unary: async () => {
    const status = await unary('GetStatus', {});
    return `${status.node_name} ${status.version.version} ${status.ready ? 'True' : 'False'}`;
  },
  refusal: () => unary('Sync', {}),
  failure: () => unary('AttachEndpoint', { pod: 'boom' }),
  stream: () => stream(client.ListConntrack({ address: '100000' }), (row, i) => {
    if ((row.source_port ?? 0) !== i) throw new Error(`row ${i} is ${row.source_port}`);
  }),
  slow_stream: async () => {
    const names = [];
    await stream(client.ListPorts({}), (row) => { names.push(row.name); });
    return names.join(',');
  },
  empty_stream: () => stream(client.ListEndpoints({})),
  broken_stream: () => stream(client.ListDrops({}), (row) => console.log(row.reason)),
  refused_stream: () => stream(client.ListIpcache({})),
  deadline: () => unary('Update', {}, { deadline: Date.now() + 300 }),
  unknown_method: () => raw('Nope', Buffer.alloc(0)),
  large: async () => (await unary('FlushConntrack', { address: 'a'.repeat(1000000) })).removed,
  too_large: () => unary('FlushConntrack', { address: 'a'.repeat(2000000) }),
  malformed: () => raw('Sync', Buffer.from([0xff, 0xff, 0xff])),
  compressed: () =>
    new Promise((resolve, reject) => {
      const zipping = new Control(address, grpc.credentials.createInsecure(), { 'grpc.default_compression_algorithm': 2 });
      zipping.FlushConntrack({ address: 'a'.repeat(10000) }, (error, answer) => {
        zipping.close();
        return error ? reject(error) : resolve(answer);
      });
    }),
  cancel: () => {
    const call = client.WatchFlows({ max_events: 3 });
    const times = [];
    return stream(call, (event) => {
      times.push(event.time ?? 0);
      if (times.length === 3) {
        console.log(times.join(','));
        call.cancel();
      }
    });
  },
  concurrent: async () => {
    const wanted = Array.from({ length: 300 }, (_, i) => i + 1);
    const answers = await Promise.all(wanted.map(async (generation) => (await unary('Sync', { generation })).generation));
    if (answers.some((answer, i) => answer !== wanted[i])) throw new Error('answers of other calls');
    return `${answers.length} answers`;
  },
};

cases[name]()
  .then((result) => console.log(String(result)))
  .catch((error) => console.log(grpc.status[error.code] ?? error.stack, error.details))
  .finally(() => client.close());
