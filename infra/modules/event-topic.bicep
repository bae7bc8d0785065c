// The Event Grid topic of the storage account, and that it may write down what it cannot deliver.

@description('Name of the topic.')
param name string

@description('Region, the same as that of the storage account.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the storage account.')
param storageAccountName string

var names = loadJsonContent('../names.json')
var role = 'Storage Blob Data Contributor'
var roleIds = loadJsonContent('../roles.json')

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageAccountName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource deadLetters 'containers' existing = {
      name: names.eventDeadLetters
    }
  }
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: account.id
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}

// Events that cannot be delivered are written to this one container.
resource deadLetterWriter 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs::deadLetters.id, topic.id, role)
  scope: account::blobs::deadLetters
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds[role])
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

@description('Name.')
output name string = topic.name

@description('Resource id, for the alert on its dead letters.')
output id string = topic.id
