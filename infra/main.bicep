// Everything that Darkroom needs in Azure, in a resource group of its own. The event subscription is not here: it needs
// the code to be there first, see events.bicep.

targetScope = 'subscription'

import { modelDeployment } from 'modules/foundry.bicep'

@description('Name of the environment; part of the resource group\'s name.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Region of every resource.')
param location string

@description('Object id of whoever deploys, who may then drop documents and read results; empty: nobody.')
param principalId string = ''

@description('Whether a person or a service principal deploys.')
@allowed(['User', 'ServicePrincipal'])
param principalType string = 'User'

@description('Deployments that the app calls, and that are made unless a Foundry resource exists already.')
param models modelDeployment[] = loadJsonContent('models.json')

@description('Name of a Foundry resource that exists and has the deployments; empty: one is made.')
param existingFoundryName string = ''

@description('Resource group of the existing Foundry resource, in the same subscription.')
param existingFoundryResourceGroup string = ''

@description('Storage and models are reached through private endpoints only.')
param networkIsolation bool = false

@description('Addresses of the virtual network of an isolated installation, a /22 or larger.')
param networkAddresses string = '10.10.0.0/16'

@description('Memory of an instance in MB: 512 is a quarter of a core, 2048 one core, 4096 two.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Most instances that run at once. Some regions take no less than 40.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Instances that never sleep, such as [{ name: \'blob\', instanceCount: 1 }]; they cost while they wait.')
param alwaysReady { name: string, instanceCount: int }[] = []

@description('Days after which a paid answer is forgotten; the same file after that is paid again.')
@minValue(7)
param ledgerDays int = 30

@description('Days for which parts of documents whose job did not succeed, and uploads of the command line, are kept.')
@minValue(7)
param leftoverDays int = 7

@description('Days for which what was deleted can be brought back.')
@minValue(1)
@maxValue(365)
param softDeleteDays int = 7

@description('Days for which logs and metrics are kept; more than 31 cost extra.')
@minValue(30)
@maxValue(730)
param logDays int = 30

@description('Other app settings of the README, such as { DARKROOM_JOB_HOURS: \'48\' }.')
param extraSettings object = {}

@description('Address that alerts are mailed to; empty: they are seen in the portal only.')
param alertEmail string = ''

var token = uniqueString(subscription().id, environmentName, location)
var tags = { 'azd-env-name': environmentName }
var makesFoundry = empty(existingFoundryName) && !empty(models)
var usesFoundry = makesFoundry || !empty(existingFoundryName)

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: {
    name: 'id-${token}'
    location: location
    tags: tags
  }
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: 'st${token}'
    location: location
    tags: tags
    isolated: networkIsolation
    softDeleteDays: softDeleteDays
    ledgerDays: ledgerDays
    leftoverDays: leftoverDays
  }
}

module storageAccess 'modules/storage-access.bicep' = {
  scope: group
  params: {
    storageAccountName: storage.outputs.name
    appPrincipalId: identity.outputs.principalId
    deployerPrincipalId: principalId
    deployerPrincipalType: principalType
  }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: 'log-${token}'
    insightsName: 'appi-${token}'
    location: location
    tags: tags
    retentionDays: logDays
    appPrincipalId: identity.outputs.principalId
  }
}

module foundry 'modules/foundry.bicep' = if (makesFoundry) {
  scope: group
  params: {
    name: 'aif-${token}'
    location: location
    tags: tags
    isolated: networkIsolation
    models: models
  }
}

module foundryAccess 'modules/foundry-access.bicep' = if (usesFoundry) {
  scope: resourceGroup(makesFoundry || empty(existingFoundryResourceGroup) ? group.name : existingFoundryResourceGroup)
  params: {
    foundryName: makesFoundry ? foundry!.outputs.name : existingFoundryName
    appPrincipalId: identity.outputs.principalId
  }
}

module network 'modules/network.bicep' = if (networkIsolation) {
  scope: group
  params: {
    name: 'vnet-${token}'
    location: location
    tags: tags
    addressPrefix: networkAddresses
  }
}

module storageEndpoints 'modules/private-endpoint.bicep' = [
  for part in ['blob', 'queue']: if (networkIsolation) {
    scope: group
    params: {
      name: 'pep-${part}-${token}'
      location: location
      tags: tags
      subnetId: network!.outputs.endpointSubnetId
      targetId: storage.outputs.id
      part: part
      zoneIds: [part == 'blob' ? network!.outputs.zones.blob : network!.outputs.zones.queue]
    }
  }
]

module foundryEndpoint 'modules/private-endpoint.bicep' = if (networkIsolation && usesFoundry) {
  scope: group
  params: {
    name: 'pep-models-${token}'
    location: location
    tags: tags
    subnetId: network!.outputs.endpointSubnetId
    targetId: foundryAccess!.outputs.id
    part: 'account'
    zoneIds: network!.outputs.zones.account
  }
}

module app 'modules/app.bicep' = {
  scope: group
  // The app must find its storage open to it, and by its private names, when it starts for the first time.
  dependsOn: [storageAccess, storageEndpoints]
  params: {
    planName: 'plan-${token}'
    name: 'func-${token}'
    location: location
    tags: tags
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReady: alwaysReady
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageAccountName: storage.outputs.name
    packageAddress: storage.outputs.packageAddress
    insightsConnectionString: monitoring.outputs.connectionString
    foundryEndpoint: usesFoundry ? foundryAccess!.outputs.endpoint : ''
    models: models
    extraSettings: extraSettings
    subnetId: networkIsolation ? network!.outputs.appSubnetId : ''
  }
}

module eventTopic 'modules/event-topic.bicep' = {
  scope: group
  params: {
    name: 'evgt-${token}'
    location: location
    tags: tags
    storageAccountName: storage.outputs.name
  }
}

module deadLetterAccess 'modules/dead-letter-access.bicep' = {
  scope: group
  params: {
    storageAccountName: storage.outputs.name
    topicPrincipalId: eventTopic.outputs.principalId
  }
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    topicId: eventTopic.outputs.id
    email: alertEmail
  }
}

module workbook 'modules/workbook.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
  }
}

@description('Resource group of everything.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Function app.')
output AZURE_FUNCTION_APP_NAME string = app.outputs.name

@description('Storage account that documents are dropped into.')
output AZURE_STORAGE_ACCOUNT_NAME string = storage.outputs.name

@description('Event Grid system topic that the event subscription is made on.')
output AZURE_SYSTEM_TOPIC_NAME string = eventTopic.outputs.name

@description('Whether storage and models are reached through private endpoints only.')
output AZURE_NETWORK_ISOLATION bool = networkIsolation

@description('Address that the models answer at; empty when there are none.')
output AZURE_FOUNDRY_ENDPOINT string = usesFoundry ? foundryAccess!.outputs.endpoint : ''

@description('Application Insights resource.')
output AZURE_APPLICATION_INSIGHTS_NAME string = monitoring.outputs.insightsName
