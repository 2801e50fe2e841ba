using Dataplane.Cni;

return CniPlugin.Run(CniHost.OfThisProcess());
