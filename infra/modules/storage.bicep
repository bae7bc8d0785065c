// The one storage account: what is dropped, what comes out, what is paid, every queue, and the host's own state.

@description('Name of the account: 3 to 24 small letters and digits.')
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('No access but through private endpoints.')
param isolated bool

@description('Days for which a deleted or overwritten blob, and a deleted container, can be brought back.')
@minValue(1)
@maxValue(365)
param softDeleteDays int

@description('Days after which a paid answer is forgotten; the same file after that is paid again.')
@minValue(7)
param ledgerDays int

@description('Days for which parts of documents whose job did not succeed, and uploads of the command line, are kept.')
@minValue(7)
param leftoverDays int

var names = loadJsonContent('../names.json')
var containers = [
  names.documents
  names.images
  names.results
  names.ledger
  names.eventDeadLetters
  names.appPackage
]

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  // checkov:skip=CKV_AZURE_206: what is here can be read and paid again; who must outlive a region changes this word
  // checkov:skip=CKV_AZURE_35: denied with networkIsolation; otherwise identities guard it, there being no keys
  sku: {
    name: 'Standard_LRS'
  }
  kind: 'StorageV2'
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isolated ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: isolated ? 'Deny' : 'Allow'
      // Event Grid writes its dead letters as a trusted service, from outside of the network.
      bypass: 'AzureServices'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: {
      enabled: true
      days: softDeleteDays
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: softDeleteDays
    }
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = [
  for containerName in containers: {
    parent: blobs
    name: containerName
  }
]

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-06-01' = {
  parent: account
  name: 'default'
}

// The host makes no trigger queue by itself, and a poison queue only with its first message.
resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' = [
  for queueName in names.queues: {
    parent: queueService
    name: queueName
  }
]

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01' = {
  parent: account
  name: 'default'
  dependsOn: [blobs]
  properties: {
    policy: {
      rules: [
        for rule in [
          { name: 'forget-paid-answers', prefix: '${names.ledger}/', days: ledgerDays }
          { name: 'forget-parts', prefix: '${names.ledger}/${names.ledgerParts}/', days: leftoverDays }
          { name: 'forget-uploads', prefix: '${names.images}/${names.uploads}/', days: leftoverDays }
        ]: {
          name: rule.name
          type: 'Lifecycle'
          enabled: true
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: [rule.prefix]
            }
            actions: {
              baseBlob: {
                delete: {
                  daysAfterModificationGreaterThan: rule.days
                }
              }
            }
          }
        }
      ]
    }
  }
}

@description('Resource id.')
output id string = account.id

@description('Name.')
output name string = account.name

@description('Address of the container that the app is deployed from.')
output packageAddress string = '${account.properties.primaryEndpoints.blob}${names.appPackage}'
