// The Event Grid topic of the storage account.

@description('Name of the topic.')
param name string

@description('Region, the same as that of the storage account.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the storage account.')
param storageAccountName string

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageAccountName
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

@description('Name.')
output name string = topic.name

@description('Resource id, for the alert on its dead letters.')
output id string = topic.id

@description('Object id of its identity, to which a role is given.')
output principalId string = topic.identity.principalId
