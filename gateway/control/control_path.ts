/** Where a gateway listens for the commands of its own machine, below its data folder. */
export function controlSocketPath(dataFolder: string): string {
  return `${dataFolder}/control.sock`;
}
