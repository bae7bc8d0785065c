// An Azure AI Foundry resource with the deployments that the app calls.

@export()
@description('A model deployment, and what the app uses it for.')
type modelDeployment = {
  @description('Which jobs call it when they name no model.')
  kind: 'ocr' | 'image' | 'embedding'

  @description('Name of the deployment and of the model behind it, as the catalogue of the app knows it.')
  name: string

  @description('Publisher, as Azure spells it: `az cognitiveservices model list` tells.')
  format: string

  @description('Version of the model.')
  version: string

  @description('Where it is computed: GlobalStandard anywhere, DataZoneStandard in the EU or the US, Standard here.')
  sku: 'GlobalStandard' | 'DataZoneStandard' | 'Standard'

  @description('Quota that it takes: requests a minute, and of Cohere models as many thousand tokens a minute, too.')
  capacity: int
}

@description('Name of the resource, and of its subdomain.')
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('No access but through private endpoints.')
param isolated bool

@description('The deployments.')
param models modelDeployment[]

resource account 'Microsoft.CognitiveServices/accounts@2025-12-01' = {
  name: name
  location: location
  tags: tags
  // checkov:skip=CKV_AZURE_134: closed with networkIsolation; otherwise identities guard it, there being no keys
  // checkov:skip=CKV_AZURE_238: it reads nothing from other resources, so it needs no identity
  kind: 'AIServices'
  sku: {
    name: 'S0'
  }
  properties: {
    // Microsoft Entra ID works with a subdomain of its own only.
    customSubDomainName: name
    disableLocalAuth: true
    publicNetworkAccess: isolated ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: isolated ? 'Deny' : 'Allow'
    }
  }
}

// One at a time: the service refuses a second deployment while one is being made.
@batchSize(1)
resource deployment 'Microsoft.CognitiveServices/accounts/deployments@2025-12-01' = [
  for model in models: {
    parent: account
    name: model.name
    sku: {
      name: model.sku
      capacity: model.capacity
    }
    properties: {
      model: {
        format: model.format
        name: model.name
        version: model.version
      }
      // The ledger knows an answer by its deployment: a version must not change before its end of life.
      versionUpgradeOption: 'OnceCurrentVersionExpired'
    }
  }
]

@description('Name.')
output name string = account.name
